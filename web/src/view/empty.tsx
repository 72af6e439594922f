import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icons';

/** What is shown in place of rows: why there are none, and what to do. */
export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={26} />
      </span>
      <h3>{title}</h3>
      {children}
    </div>
  );
}
