/**
 * Of the session, which ends with its statements: neither the log nor the statistics of the server may show those
 * that hold a secret. Whether a transaction is sampled is decided as it begins. A name with a dot is taken whether
 * the extension is loaded or not.
 */
export const UNLOGGED: readonly string[] = [
  "SET log_statement = 'none'; SET log_min_duration_statement = -1; SET log_min_duration_sample = -1;",
  "SET log_transaction_sample_rate = 0; SET log_min_error_statement = 'panic'; SET track_activities = off;",
  "SET pg_stat_statements.track = 'none';",
];
