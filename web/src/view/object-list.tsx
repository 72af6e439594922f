import type { ConfigObject, Kind } from '../model/config-messages';
import type { ConfigViewModel } from '../viewmodel/config';
import { Empty } from './empty';
import { label } from './field-input';
import { FilterBox } from './filter-box';
import { useText, useValue } from './hooks';
import { Icon } from './icons';
import { VirtualTable, type Column } from './virtual-table';

/** Beside the name, so many fields are shown in the list. */
const MORE_COLUMNS = 3;

export interface ObjectListProps {
  config: ConfigViewModel;
  writes: boolean;
  selected: string;
  onOpen(name: string): void;
  onNew(): void;
}

function columnsOf(kind: Kind): Column<string>[] {
  const [key, ...others] = kind.fields;
  const more = others.filter((field) => !field.secret && field.type !== 'password' && field.maximum <= 256).slice(0, MORE_COLUMNS);
  return [key, ...more].flatMap((field) => (field === undefined ? [] : [{ name: field.name, label: label(field.name) }]));
}

function Shown({ value }: { value: unknown }) {
  const text = useText();
  if (value === true) return <>{text.say('config.yes')}</>;
  if (value === false || value === undefined || value === null) return null;
  return <>{Array.isArray(value) ? value.join(', ') : String(value as string | number)}</>;
}

export function ObjectList({ config, writes, selected, onOpen, onNew }: ObjectListProps) {
  const text = useText();
  const { list } = config;
  const kind = config.kinds.value.find(({ name }) => name === list.kind.value);
  const objects = useValue(list.objects);
  const search = useValue(list.search);
  const busy = useValue(list.asking.busy);
  const error = useValue(list.asking.error);
  if (kind === undefined) return null;
  const columns = columnsOf(kind);
  const nameOf = (object: ConfigObject): string => String(object[columns[0]?.name ?? 'name'] ?? '');
  const cells = (object: ConfigObject) => (
    <>
      {columns.map((column, at) => (
        <td key={column.name}>
          {at === 0 ? (
            <a
              href="#"
              aria-current={nameOf(object) === selected ? 'true' : undefined}
              onClick={(event) => {
                event.preventDefault();
                onOpen(nameOf(object));
              }}
            >
              {nameOf(object)}
            </a>
          ) : (
            <Shown value={object[column.name]} />
          )}
        </td>
      ))}
    </>
  );
  const nothing = objects.length === 0 && !busy && error === null;
  return (
    <section class="panel object-list" aria-label={kind.plural} aria-busy={busy}>
      <header>
        <FilterBox label={text.say('config.search')} hint={text.say('config.search')} value={search} onValue={(value) => list.type(value)} />
        {writes && (
          <button type="button" class="button" onClick={onNew}>
            <Icon name="add" size={16} />
            {text.say('config.new', { kind: kind.name })}
          </button>
        )}
      </header>
      <p class="kind-help muted">{kind.help}</p>
      {error !== null && (
        <p class="notice notice-error" role="alert">
          {error.sentence || text.say('config.unreachable')}
          <button type="button" class="button" onClick={() => void list.reload()}>
            {text.say('about.retry')}
          </button>
        </p>
      )}
      {nothing ? (
        <Empty icon="config" title={text.say(search === '' ? 'config.none' : 'config.none.found')} />
      ) : (
        <VirtualTable name="objects" label={kind.plural} columns={columns} rows={objects} rowKey={nameOf} cells={cells} onEnd={() => void list.loadMore()} />
      )}
    </section>
  );
}
