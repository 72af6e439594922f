import { useLayoutEffect, useRef } from 'preact/hooks';
import { useText, useTicker } from './hooks';

/** Time since `since` (milliseconds, server's time). It writes its own text each second: nothing is drawn again. */
export function Elapsed({ since }: { since: number }) {
  const text = useText();
  const ticker = useTicker();
  const place = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const write = (now: number): void => {
      if (place.current) place.current.textContent = text.duration(now - since);
    };
    write(ticker.now());
    return ticker.subscribe(write);
  }, [since, text, ticker]);
  return <span class="time" ref={place} />;
}
