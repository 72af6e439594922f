import { useEffect, useState } from 'preact/hooks';
import { useText } from './hooks';
import { Icon } from './icons';

const SHOWN_MS = 1500;

export function CopyButton({ value }: { value: string }) {
  const text = useText();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (): void => {
    void navigator.clipboard.writeText(value).then(
      () => setCopied(true),
      () => setCopied(false), // the browser forbids it: the id can still be selected
    );
  };
  return (
    <button type="button" class="button-icon" aria-label={text.say('history.copy', { id: value })} onClick={copy}>
      <Icon name={copied ? 'done' : 'copy'} size={15} />
      <span role="status" class="unseen">
        {copied && text.say('history.copied')}
      </span>
    </button>
  );
}
