import type { KeyObject } from 'node:crypto';
import { ChainVerifier, Proof } from '../trail/chain-verifier.js';
import type { Verdict } from '../trail/chain-verifier.js';
import { readCheckpoint } from '../trail/checkpoint-line.js';
import type { Checkpoint } from '../trail/checkpoint.js';
import { readEntry } from '../trail/export-line.js';

/** The files of one verification, each giving its lines as often as it is asked. */
export interface Evidence {
  files: readonly { name: string; lines: () => AsyncIterable<string[]> }[];
  publicKeys: readonly KeyObject[];
  /** For an export that begins in the middle: behind a checkpoint. */
  from?: bigint | undefined;
  /** Until where the export goes, when newer checkpoints are given as well. */
  to?: bigint | undefined;
}

/** A line that is none: the evidence is not what it says it is. */
export interface Unreadable {
  file: string;
  line: number;
}

export type Finding = { kind: 'verdict'; verdict: Verdict } | { kind: 'unreadable'; at: Unreadable };

/** As an export and the checkpoints' file begin their lines. */
const checkpointStart = '{"line":"checkpoint"';

/** Twice through the files: first for the checkpoints, which may stand behind what they prove. Memory for those alone. */
export async function verifyFiles({ files, publicKeys, from, to }: Evidence): Promise<Finding> {
  const checkpoints: Checkpoint[] = [];
  for (const { name, lines } of files) {
    const broken = await collect(lines(), checkpoints);
    if (broken !== undefined) return { kind: 'unreadable', at: { file: name, line: broken } };
  }
  const within = to === undefined ? checkpoints : checkpoints.filter(({ seq }) => seq <= to);
  const verifier = new ChainVerifier(new Proof(within, publicKeys), from);
  for (const { name, lines } of files) {
    const broken = await walk(lines(), verifier);
    if (broken === 'failed') break;
    if (broken !== undefined) return { kind: 'unreadable', at: { file: name, line: broken } };
  }
  return { kind: 'verdict', verdict: verifier.verdict(true) };
}

/** The number of a line that cannot be read. */
async function collect(chunks: AsyncIterable<string[]>, found: Checkpoint[]): Promise<number | undefined> {
  let number = 0;
  for await (const lines of chunks) {
    for (const line of lines) {
      number += 1;
      if (!line.startsWith(checkpointStart)) continue;
      const checkpoint = readCheckpoint(parsed(line));
      if (checkpoint === undefined) return number;
      found.push(checkpoint);
    }
  }
  return undefined;
}

async function walk(chunks: AsyncIterable<string[]>, verifier: ChainVerifier): Promise<number | 'failed' | undefined> {
  let number = 0;
  for await (const lines of chunks) {
    for (const line of lines) {
      number += 1;
      if (line === '' || line.startsWith(checkpointStart)) continue;
      const value = parsed(line);
      if (isEnd(value)) continue;
      const entry = readEntry(value);
      if (entry === undefined) return number;
      if (!verifier.add(entry)) return 'failed';
    }
  }
  return undefined;
}

/** What an export says of itself at its end: no evidence, and not read as such. */
function isEnd(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'line' in value && value.line === 'end';
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Told by its number, which says more than the parser's message.
    return undefined;
  }
}
