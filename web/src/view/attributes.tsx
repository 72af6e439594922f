/** What the first INVITE of a call has said of it: how much there is, and all of it when asked. */
export function Attributes({ of }: { of: Record<string, string> | undefined }) {
  const names = Object.keys(of ?? {});
  if (of === undefined || names.length === 0) return null;
  const all = names.map((name) => `${name}: ${of[name]}`).join('\n');
  return (
    <span class="badge attributes" title={all} aria-label={all}>
      {names.length}
    </span>
  );
}
