# Runs named parts one after the other and adds up what they found: sourced by test/all and .ci/run.
#
#   part NAME COMMAND...   runs it; its output is kept in build/log and shown only when it fails. A last line
#                          "N passed, M failed" is counted, else the part counts as one test by its exit code.
#   parts_end              prints the table of times and "N passed, M failed"; its status says whether M is 0
#
# PARTS_VERBOSE=1 shows all output as it comes.

parts_table=$(mktemp)
parts_passed=0
parts_failed=0
parts_logs=build/log
trap 'rm -f "$parts_table"' EXIT

parts__now() { date +%s%N; }

part() {
	part_name=$1
	shift
	mkdir -p $parts_logs
	part_log=$parts_logs/$(echo "$part_name" | tr ' /' '--').log
	printf '%-28s' "$part_name"
	part_begun=$(parts__now)
	part_status=0
	if [ -n "${PARTS_VERBOSE:-}" ]; then
		echo
		{ "$@" </dev/null 2>&1 || echo "exit status $?" >"$part_log.status"; } | tee "$part_log"
		if [ -f "$part_log.status" ]; then
			part_status=1
			rm "$part_log.status"
		fi
	else
		"$@" </dev/null >"$part_log" 2>&1 || part_status=$?
	fi
	part_milliseconds=$((($(parts__now) - part_begun) / 1000000))
	part_counts=$(tail -n 1 "$part_log" | sed -n 's/^\([0-9]\{1,\}\) passed, \([0-9]\{1,\}\) failed$/\1 \2/p')
	if [ -n "$part_counts" ]; then
		part_passed=${part_counts% *}
		part_failed=${part_counts#* }
		if [ $part_status -ne 0 ] && [ "$part_failed" -eq 0 ]; then
			part_failed=1
		fi
	else
		part_passed=$((part_status == 0))
		part_failed=$((part_status != 0))
	fi
	parts_passed=$((parts_passed + part_passed))
	parts_failed=$((parts_failed + part_failed))
	printf '%s %s %s %s\n' $part_milliseconds "$part_passed" "$part_failed" "$part_name" >>"$parts_table"
	if [ "$part_failed" -eq 0 ]; then
		printf 'ok      %6d.%d s\n' $((part_milliseconds / 1000)) $((part_milliseconds / 100 % 10))
	else
		printf 'FAILED  %6d.%d s\n' $((part_milliseconds / 1000)) $((part_milliseconds / 100 % 10))
		[ -n "${PARTS_VERBOSE:-}" ] || tail -n 300 "$part_log" | sed 's/^/    /'
	fi
}

parts_end() {
	printf '\n%10s  %7s  %7s  %s\n' seconds passed failed part
	sort -rn "$parts_table" | awk '{
		seconds = $1 / 1000; total += seconds; passed = $2; failed = $3
		sub(/^[0-9]+ [0-9]+ [0-9]+ /, "")
		printf "%10.1f  %7d  %7s  %s\n", seconds, passed, failed ? failed : "-", $0
	} END { printf "%10.1f  all\n\n", total }'
	echo "$parts_passed passed, $parts_failed failed"
	[ $parts_failed -eq 0 ] && [ $parts_passed -gt 0 ]
}
