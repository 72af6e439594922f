import type { Collection } from '../model/collection';
import type { Call, Device } from '../model/messages';
import { Scope } from '../model/scope';

/** A device with what is shown beside it; a new object whenever anything in it changed. */
export interface DeviceRow {
  device: Device;
  /** The other party of its first call, or null. */
  peer: string | null;
  needle: string;
}

/** Joins devices and calls. Only rows that are touched by a change are made anew. */
export class DeviceRows {
  readonly rows = new Map<string, DeviceRow>();
  readonly #devices: Collection<Device>;
  readonly #calls: Collection<Call>;
  readonly #scope = new Scope();
  readonly #dnsOfCall = new Map<string, Set<string>>();
  readonly #changed: () => void;

  constructor(devices: Collection<Device>, calls: Collection<Call>, changed: () => void) {
    this.#devices = devices;
    this.#calls = calls;
    this.#changed = changed;
    this.#scope.own(
      devices.subscribe(({ changed: items, gone }) => {
        for (const device of gone) this.#remove(device.dn);
        for (const device of items) this.#put(device);
        this.#changed();
      }),
    );
    this.#scope.own(
      calls.subscribe(({ changed: items, gone }) => {
        for (const call of [...items, ...gone]) this.#touch(call.call_id);
        this.#changed();
      }),
    );
    for (const device of devices.items.values()) this.#put(device);
  }

  dispose(): void {
    this.#scope.dispose();
  }

  #put(device: Device): void {
    this.#unlink(device.dn);
    for (const id of device.call_ids) {
      const dns = this.#dnsOfCall.get(id);
      if (dns) dns.add(device.dn);
      else this.#dnsOfCall.set(id, new Set([device.dn]));
    }
    const peer = this.#peer(device);
    this.rows.set(device.dn, { device, peer, needle: `${device.dn}\n${device.name}\n${peer ?? ''}`.toLowerCase() });
  }

  #remove(dn: string): void {
    this.#unlink(dn);
    this.rows.delete(dn);
  }

  #unlink(dn: string): void {
    for (const id of this.rows.get(dn)?.device.call_ids ?? []) {
      const dns = this.#dnsOfCall.get(id);
      if (dns?.delete(dn) && dns.size === 0) this.#dnsOfCall.delete(id);
    }
  }

  #touch(callId: string): void {
    for (const dn of [...(this.#dnsOfCall.get(callId) ?? [])]) {
      const device = this.#devices.items.get(dn);
      if (device) this.#put(device);
    }
  }

  #peer(device: Device): string | null {
    for (const id of device.call_ids) {
      const call = this.#calls.items.get(id);
      if (call) return call.from === device.dn ? call.to : call.from;
    }
    return null;
  }
}
