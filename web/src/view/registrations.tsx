import { useEffect } from 'preact/hooks';
import type { Registration } from '../model/messages';
import { milliseconds } from '../model/server-time';
import { rowKey, type RegistrationsViewModel } from '../viewmodel/registrations';
import type { Workspace } from '../viewmodel/workspace';
import { BannedSources } from './bans';
import { Empty } from './empty';
import { FilterBox } from './filter-box';
import { useText, useValue } from './hooks';
import { Icon } from './icons';
import { VirtualTable, type Column } from './virtual-table';

type RegistrationColumn = 'dn' | 'contact' | 'address' | 'proxy' | 'expires' | 'agent' | 'remove';

function Remove({ row, registrations }: { row: Registration; registrations: RegistrationsViewModel }) {
  const text = useText();
  const label = text.say('registrations.remove', { contact: row.contact });
  const remove = (): void => {
    if (window.confirm(text.say('registrations.remove.sure', { contact: row.contact }))) void registrations.unregister(row);
  };
  return (
    <button type="button" class="button-icon" aria-label={label} title={label} onClick={remove}>
      <Icon name="remove" size={16} />
    </button>
  );
}

function Cells({ row, workspace }: { row: Registration; workspace: Workspace }) {
  const text = useText();
  return (
    <>
      <td class="dn" title={row.name ?? row.dn}>
        {row.dn}
      </td>
      <td title={row.contact}>{row.contact}</td>
      <td class="muted">
        {row.address ?? ''} {row.transport}
      </td>
      <td class="muted">{row.proxy}</td>
      <td class="time">{text.time(milliseconds(row.expires_at))}</td>
      <td class="muted" title={row.user_agent ?? ''}>
        {row.user_agent ?? ''}
      </td>
      <td>{workspace.administers && <Remove row={row} registrations={workspace.registrations} />}</td>
    </>
  );
}

function Foot({ registrations }: { registrations: RegistrationsViewModel }) {
  const text = useText();
  const error = useValue(registrations.error);
  const more = useValue(registrations.more);
  const busy = useValue(registrations.busy);
  const empty = useValue(registrations.rows).length === 0;
  if (error !== null)
    return (
      <div class="notice notice-error" role="alert">
        <Icon name="warning" />
        <span>
          {text.say('registrations.failed')} {error.sentence}
        </span>
      </div>
    );
  if (more)
    return (
      <p class="table-foot">
        <button type="button" class="button" aria-disabled={busy} onClick={() => void registrations.loadMore()}>
          {text.say('registrations.more')}
        </button>
      </p>
    );
  if (!empty || busy) return null;
  return (
    <Empty icon="registrations" title={text.say('registrations.none')}>
      <p>{text.say('registrations.none.text')}</p>
    </Empty>
  );
}

export function Registrations({ workspace }: { workspace: Workspace }) {
  const text = useText();
  const { registrations } = workspace;
  const rows = useValue(registrations.rows);
  const count = useValue(registrations.count);
  const search = useValue(registrations.search);
  useEffect(() => {
    registrations.open();
    return () => registrations.close();
  }, [registrations]);
  const columns: Column<RegistrationColumn>[] = [
    { name: 'dn', label: text.say('registrations.dn') },
    { name: 'contact', label: text.say('registrations.contact') },
    { name: 'address', label: text.say('registrations.address') },
    { name: 'proxy', label: text.say('registrations.proxy') },
    { name: 'expires', label: text.say('registrations.expires') },
    { name: 'agent', label: text.say('registrations.agent') },
    { name: 'remove', label: '' },
  ];
  return (
    <div class="history registrations">
      <div class="toolbar">
        <FilterBox
          label={text.say('registrations.search')}
          hint={text.say('registrations.search.hint')}
          value={search}
          onValue={(value) => registrations.type(value)}
        />
        <span role="status">{text.say('registrations.count', { count })}</span>
      </div>
      <BannedSources bans={workspace.bans} administers={workspace.administers} />
      <section class="panel" aria-label={text.say('page.registrations')}>
        <VirtualTable
          name="registrations"
          label={text.say('page.registrations')}
          columns={columns}
          rows={rows}
          rowKey={rowKey}
          cells={(row) => <Cells row={row} workspace={workspace} />}
          after={<Foot registrations={registrations} />}
          onEnd={() => void registrations.loadMore()}
        />
      </section>
    </div>
  );
}
