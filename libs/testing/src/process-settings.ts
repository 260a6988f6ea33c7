/**
 * How the image runs Node, so that what is tested and measured is what runs: a service needs some 60 MB of objects, and left to
 * itself V8 lets garbage grow to several times that before it looks. New objects get 12 MB instead of 48, which costs more
 * collections; the whole heap may have 256 MB. One arena: glibc would keep freed memory apart for each of Node's threads.
 */
export const processSettings = {
  NODE_OPTIONS: '--max-semi-space-size=4 --max-old-space-size=256',
  MALLOC_ARENA_MAX: '1',
};
