import { domainEvents } from '@billhook/contracts';
import { projectFile } from '@billhook/testing';
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { topology } from './topology.js';

/** The audit service reads everything, which the table does not repeat. */
const readers = { 'subscription.events': 'subscription', 'gateway.accounts': 'gateway' } as const;

const rows = new Map(
  readFileSync(projectFile('docs/events.md'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, type, , , readBy] = line.split(' | ').flatMap((cell, index) => (index === 0 ? ['', cell] : [cell]));
      const name = /^\| `([a-z_.]+)`/.exec(type ?? '')?.[1];
      return name === undefined ? [] : [[name, (readBy ?? '').replace(/\s*\|$/, '').trim()] as const];
    }),
);

/** As a topic exchange does: `*` is one word, `#` any number of them. */
function isBound(pattern: string, type: string): boolean {
  const expression = pattern.replaceAll('.', '\\.').replaceAll('*', '[^.]+').replaceAll('#', '.*');
  return new RegExp(`^${expression}$`).test(type);
}

function readersOf(type: string): string {
  const bound = Object.entries(readers).filter(([queue]) =>
    Object.entries(topology.queues).some(
      ([name, { bindings }]) => name === queue && bindings.some((pattern) => isBound(pattern, type)),
    ),
  );
  return bound.map(([, reader]) => reader).join(', ');
}

describe('docs/events.md', () => {
  it('has a row for every event, and for no other', () => {
    expect([...rows.keys()].toSorted()).toEqual(Object.keys(domainEvents).toSorted());
  });

  it.each(Object.keys(domainEvents))('says who reads %s as the bindings do', (type) => {
    expect(rows.get(type)).toBe(readersOf(type));
  });
});
