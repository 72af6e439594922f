/** Two links of a chain, one through the other: two members, one platform. */
export function Mark({ size }: { size: number }) {
  return (
    <svg class="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <rect class="mark-ground" width="32" height="32" rx="8" />
      <g fill="none" stroke-width="3">
        <circle class="mark-second" cx="20.3" cy="16" r="5.8" />
        <circle class="mark-gap" cx="11.7" cy="16" r="5.8" />
        <circle class="mark-line" cx="11.7" cy="16" r="5.8" />
        <path class="mark-gap" d="M17.9 21.3A5.8 5.8 0 0 1 14.8 18" />
        <path class="mark-second" d="M18.3 21.45A5.8 5.8 0 0 1 14.65 17.4" />
      </g>
    </svg>
  );
}

/** The name in our own letters, drawn on a grid of 10 with a line of 2. */
export function Wordmark({ height }: { height: number }) {
  return (
    <svg class="wordmark" viewBox="0 0 87 20" height={height} width={(height * 87) / 20} role="img" aria-label="Tandem">
      <g fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round">
        <path d="M2 3.5h11M7.5 3.5V17" />
        <circle cx="20" cy="12.5" r="4.5" />
        <path d="M24.5 8v9" />
        <path d="M30 17V8M30 12a4 4 0 0 1 8 0v5" />
        <circle cx="48" cy="12.5" r="4.5" />
        <path d="M52.5 2v15" />
        <path d="M57.5 12.5h8.8a4.4 4.5 0 1 0-1.5 3.4" />
        <path d="M71 17V8M71 11.5a3.5 3.5 0 0 1 7 0V17M78 11.5a3.5 3.5 0 0 1 7 0V17" />
      </g>
    </svg>
  );
}
