import { useEffect } from 'preact/hooks';
import type { Workspace } from '../viewmodel/workspace';
import { Alarms } from './alarms';
import { Instances } from './instances';
import { Members } from './members';
import { useText, useValue } from './hooks';
import { Icon } from './icons';

/** Alarms, the health of every instance, and the members of the cluster. */
export function System({ workspace }: { workspace: Workspace }) {
  const text = useText();
  const { system } = workspace;
  const failed = useValue(system.failed);
  const refused = useValue(system.acting.error);
  useEffect(() => {
    system.open();
    return () => system.close();
  }, [system]);
  return (
    <div class="system">
      {failed !== null && (
        <p class="notice notice-error" role="alert">
          <Icon name="warning" />
          <span>
            {text.say('system.failed')} {failed.sentence}
          </span>
        </p>
      )}
      {refused !== null && (
        <p class="notice notice-error" role="alert">
          <Icon name="warning" />
          <span>
            {text.say('config.refused')} {refused.sentence}
          </span>
        </p>
      )}
      <Alarms system={system} />
      <Instances system={system} />
      <Members system={system} administers={workspace.administers} />
    </div>
  );
}
