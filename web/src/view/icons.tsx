const PATHS = {
  live: 'M3 12h4l3-8 4 16 3-8h4',
  history: 'M3.5 12a8.5 8.5 0 1 0 2.6-6.1L3 9M3 4v5h5M12 7.5V12l3 2',
  registrations: 'M6 3h4l1.5 5L9 10a12 12 0 0 0 5 5l2-2.5 5 1.5v4a2 2 0 0 1-2 2A15 15 0 0 1 4 5a2 2 0 0 1 2-2ZM15 5l2 2 4-4',
  config: 'M4 6h10M18 6h2M4 12h2M10 12h10M4 18h8M16 18h4M16 4v4M8 10v4M14 16v4',
  system: 'M4 5h16v6H4ZM4 13h16v6H4ZM7.5 8v.01M7.5 16v.01M11 8h6M11 16h6',
  trunks: 'M3 7h12M15 7l-3-3M15 7l-3 3M21 17H9M9 17l3-3M9 17l3 3',
  trace: 'M5 3v18M19 3v18M5 8h14M15 5l4 3-4 3M19 16H5M9 13l-4 3 4 3',
  add: 'M12 5v14M5 12h14',
  remove: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  undo: 'M4 9h10a6 6 0 1 1 0 12h-3M4 9l5-5M4 9l5 5',
  key: 'M14.5 14a5 5 0 1 0-4.6-3L3 18v3h4v-2.5h2.5V16l2.4-2.4a5 5 0 0 0 2.6.4ZM16 8v.01',
  about: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 11v5M12 8v.01',
  logout: 'M14 4H6v16h8M10 12h11M17 8l4 4-4 4',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 21 21',
  clear: 'M6 6l12 12M18 6 6 18',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  done: 'M4 12.5 9.5 18 20 7',
  reload: 'M20 12a8 8 0 1 1-2.3-5.6L20 8.5M20 3.5v5h-5',
  arrow: 'M4 12h16M14 6l6 6-6 6',
  phone: 'M6 3h4l1.5 5L9 10a12 12 0 0 0 5 5l2-2.5 5 1.5v4a2 2 0 0 1-2 2A15 15 0 0 1 4 5a2 2 0 0 1 2-2Z',
  warning: 'M12 4 2.5 20h19ZM12 10v4.5M12 17.5v.01',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z',
  up: 'M6 15l6-6 6 6',
  down: 'M6 9l6 6 6-6',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
      <path d={PATHS[name]} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}
