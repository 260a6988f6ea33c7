/**
 * For a connection's `options`: how soon PostgreSQL ends a session whose peer has vanished without a word, and with it the locks
 * that belong to the session. By the defaults of most systems that takes two hours where nothing is under way, and a quarter of
 * an hour where an answer was (keepalives are not sent then): here at most twenty seconds. The first three are in seconds.
 */
export const serverKeepAlive = [
  'tcp_keepalives_idle=5',
  'tcp_keepalives_interval=5',
  'tcp_keepalives_count=3',
  'tcp_user_timeout=20000',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');
