import type { MadeChange, Transaction } from '../model/config-messages';
import { milliseconds } from '../model/server-time';
import { differences } from '../viewmodel/draft';
import { formatOf, formatRoute } from '../viewmodel/router';
import { label } from './field-input';
import { useText, useTicker } from './hooks';
import { Icon } from './icons';

function Made({ change, named }: { change: MadeChange; named: boolean }) {
  const text = useText();
  return (
    <div class="made">
      <p>
        <span class={`badge badge-${change.action}`}>{text.sayOr('action', change.action)}</span>{' '}
        {named && (
          <a href={formatRoute({ page: 'config', dn: '', of: formatOf(change.kind, change.name) })}>
            {change.kind} {change.name}
          </a>
        )}
      </p>
      {change.action !== 'delete' && (
        <dl class="differences">
          {differences(change).map(({ field, before, after }) => (
            <div key={field}>
              <dt>{label(field)}</dt>
              <dd>
                {before !== '' && <del>{before}</del>} {after !== '' && <ins>{after}</ins>}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

export interface TransactionsProps {
  transactions: readonly Transaction[];
  /** Each change says of what. */
  named: boolean;
  onUndo: ((number: number) => void) | null;
}

/** Who changed what and when, newest first; each can be undone. */
export function Transactions({ transactions, named, onUndo }: TransactionsProps) {
  const text = useText();
  const ticker = useTicker();
  return (
    <ol class="transactions">
      {transactions.map((one) => {
        const at = milliseconds(one.at);
        return (
          <li key={one.number}>
            <header>
              <b>{one.by}</b>
              <span class="muted">
                {text.date(at, ticker.now())} {text.time(at)}
              </span>
              <span class="muted">#{one.number}</span>
              {onUndo !== null && (
                <button type="button" class="button button-small" onClick={() => onUndo(one.number)}>
                  <Icon name="undo" size={14} />
                  {text.say('config.undo')}
                </button>
              )}
            </header>
            {one.comment !== '' && <p class="comment">{one.comment}</p>}
            {one.changes.map((change) => (
              <Made key={`${change.kind} ${change.name}`} change={change} named={named} />
            ))}
          </li>
        );
      })}
    </ol>
  );
}
