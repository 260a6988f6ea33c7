/**
 * For `node --import`, in front of Jest: it hands this on to its workers. When nothing keeps a process alive any more, Node takes
 * its heap apart before it ends, and with a context per spec file that takes seconds, or does not end at all: Jest, which waits half
 * a second, then reports a leak that is none. A spec that leaves something open still keeps its process from coming here.
 */
process.once('beforeExit', () => process.exit());
