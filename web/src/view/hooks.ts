import { createContext, type ComponentType, Component, h } from 'preact';
import { useContext, useEffect, useLayoutEffect, useReducer } from 'preact/hooks';
import type { Text } from '../i18n/text';
import type { Readable } from '../model/observable';
import type { AppViewModel } from '../viewmodel/app';
import type { Ticker } from '../viewmodel/ticker';

export const TextContext = createContext<Text | null>(null);
export const TickerContext = createContext<Ticker | null>(null);

function given<T>(value: T | null): T {
  if (value === null) throw new Error('no context');
  return value;
}

export function useText(): Text {
  return given(useContext(TextContext));
}

export function useTicker(): Ticker {
  return given(useContext(TickerContext));
}

/** The value now; the component is drawn again when it changes, and the subscription ends with the component. */
export function useValue<T>(source: Readable<T>): T {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const { value } = source;
  useLayoutEffect(() => {
    if (!Object.is(source.value, value)) redraw(undefined);
    return source.subscribe(() => redraw(undefined));
  }, [source]);
  return value;
}

/** Keys that work on the whole page, unless somebody is typing. */
export function useKeys(handler: (event: KeyboardEvent) => void): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      if (!typing && !event.ctrlKey && !event.metaKey) handler(event);
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [handler]);
}

/** Draws a component again only when a property is another one. */
export function pure<P extends object>(Drawn: ComponentType<P>): ComponentType<P> {
  return class Pure extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const now = this.props as P;
      return (Object.keys({ ...now, ...next }) as (keyof P)[]).some((name) => now[name] !== next[name]);
    }

    override render() {
      return h(Drawn, this.props as P);
    }
  };
}

export interface AppProps {
  app: AppViewModel;
}
