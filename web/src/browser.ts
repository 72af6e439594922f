// The browser behind the interfaces that model and view model ask for.
import type { OpenSocket, Surroundings } from './model/connection';
import type { AddressBar } from './viewmodel/router';
import type { Store } from './viewmodel/preferences';

export const openWebSocket: OpenSocket = (handlers) => {
  const address = new URL('api/ws', document.baseURI);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  address.hash = '';
  const socket = new WebSocket(address, 'tandem.v1');
  socket.onopen = () => handlers.open();
  socket.onmessage = (event: MessageEvent<unknown>) => {
    if (typeof event.data === 'string') handlers.message(event.data);
  };
  socket.onclose = (event) => handlers.closed(event.code);
  return {
    send: (line) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(line);
    },
    close: (code) => socket.close(code),
  };
};

export const browserSurroundings: Surroundings = {
  online: () => navigator.onLine,
  subscribe(handler) {
    const online = (): void => handler('online');
    const offline = (): void => handler('offline');
    const seen = (): void => {
      if (document.visibilityState === 'visible') handler('woken');
    };
    window.addEventListener('online', online);
    window.addEventListener('offline', offline);
    document.addEventListener('visibilitychange', seen);
    return () => {
      window.removeEventListener('online', online);
      window.removeEventListener('offline', offline);
      document.removeEventListener('visibilitychange', seen);
    };
  },
};

export const browserAddressBar: AddressBar = {
  read: () => window.location.hash,
  push: (hash) => window.history.pushState(null, '', hash),
  replace: (hash) => window.history.replaceState(null, '', hash),
  subscribe(handler) {
    window.addEventListener('popstate', handler);
    return () => window.removeEventListener('popstate', handler);
  },
};

const PREFIX = 'tandem.';

/** A browser that keeps nothing (private mode, policy) is not an error. */
export const browserStore: Store = {
  get(name) {
    try {
      return window.localStorage.getItem(PREFIX + name);
    } catch {
      return null;
    }
  },
  set(name, value) {
    try {
      window.localStorage.setItem(PREFIX + name, value);
    } catch {
      // stays as chosen until the page is closed
    }
  },
};
