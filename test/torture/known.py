"""What somebody with credentials may try; and in the end two phones talk."""
from wire import WirePhone


def scenario_two_phones_talk_after_all_that(tandem):
    """requirement: SEC-5 SEC-7: the next call works."""
    with WirePhone(tandem, "1001") as a, WirePhone(tandem, "1002") as b:
        a.register()
        b.register()
        call = a.dial("1002")
        b.pick_up(b.take())
        call.answered()
        assert call.within("BYE").status == 200
        b.request("BYE")
