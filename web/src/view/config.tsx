import { useEffect } from 'preact/hooks';
import { CHANGES, NEW, type ConfigViewModel } from '../viewmodel/config';
import { formatOf, formatRoute, parseOf } from '../viewmodel/router';
import { Empty } from './empty';
import type { FrameProps } from './frame';
import { useText, useValue } from './hooks';
import { Icon } from './icons';
import { ObjectForm } from './object-form';
import { ObjectList } from './object-list';
import { Transactions } from './transactions';

function Kinds({ config, open }: { config: ConfigViewModel; open: string }) {
  const text = useText();
  const kinds = useValue(config.kinds);
  const link = (of: string, words: string, current: boolean) => (
    <li key={of}>
      <a href={formatRoute({ page: 'config', dn: '', of })} aria-current={current ? 'true' : undefined}>
        {words}
      </a>
    </li>
  );
  const first = kinds[0]?.name ?? '';
  return (
    <nav class="panel kinds" aria-label={text.say('config.kinds')}>
      <ul>
        {kinds.map((kind) => link(formatOf(kind.name), kind.plural, kind.name === (open || first)))}
        <li class="kinds-line" role="separator" />
        {link(CHANGES, text.say('config.changes'), open === CHANGES)}
      </ul>
    </nav>
  );
}

function Changes({ config, writes }: { config: ConfigViewModel; writes: boolean }) {
  const text = useText();
  const changes = useValue(config.changes) ?? [];
  const older = useValue(config.older);
  const error = useValue(config.asking.error);
  return (
    <section class="panel object-list" aria-label={text.say('config.changes')}>
      {error !== null && (
        <p class="notice notice-error" role="alert">
          {error.sentence || text.say('config.unreachable')}
        </p>
      )}
      {changes.length === 0 && error === null && <Empty icon="config" title={text.say('config.changes.none')} />}
      <Transactions transactions={changes} named onUndo={writes ? (number) => void config.undo(number) : null} />
      {older && (
        <p class="table-foot">
          <button type="button" class="button" onClick={() => void config.loadOlderChanges()}>
            {text.say('config.changes.older')}
          </button>
        </p>
      )}
    </section>
  );
}

export function Config({ app, workspace }: FrameProps) {
  const text = useText();
  const { config } = workspace;
  const { of = '' } = useValue(app.router.route);
  const form = useValue(config.form);
  const failed = useValue(config.asking.error);
  const kinds = useValue(config.kinds);
  useEffect(() => void config.open(of, app.router), [of]);
  const { kind } = parseOf(of);
  const go = (next: string): void => app.router.go({ page: 'config', dn: '', of: next });
  if (kinds.length === 0)
    return failed === null ? null : (
      <p class="notice notice-error" role="alert">
        <Icon name="warning" />
        <span>{failed.sentence || text.say('config.unreachable')}</span>
        <button type="button" class="button" onClick={() => void config.open(of, app.router)}>
          {text.say('about.retry')}
        </button>
      </p>
    );
  return (
    <div class={`config ${form ? 'config-open' : ''}`}>
      <Kinds config={config} open={kind} />
      {kind === CHANGES ? (
        <Changes config={config} writes={workspace.administers} />
      ) : (
        <ObjectList
          config={config}
          writes={workspace.administers}
          selected={form?.name ?? ''}
          onOpen={(name) => go(formatOf(config.list.kind.value, name))}
          onNew={() => go(formatOf(config.list.kind.value, NEW))}
        />
      )}
      {form !== null && <ObjectForm key={`${form.kind.name} ${form.name}`} form={form} writes={workspace.administers} onClose={() => go(formatOf(form.kind.name))} />}
    </div>
  );
}
