// The least that an answer costs on this machine with the same HTTP server: a bare Fastify route that sends the same bytes to anybody.
import { fastify } from 'fastify';
import { z } from 'zod';

const { PORT, BODY } = z.object({ PORT: z.coerce.number(), BODY: z.string() }).parse(process.env);
const server = fastify();
server.get('/v1/account', (_request, reply) => reply.type('application/json; charset=utf-8').send(BODY));
await server.listen({ port: PORT, host: '127.0.0.1' });
process.once('SIGTERM', () => process.exit(0));
