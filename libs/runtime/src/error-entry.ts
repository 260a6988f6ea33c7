/** One code of the error table: its HTTP status, what it means, and what to do about it. */
export interface ErrorEntry {
  status: number;
  title: string;
  cure: string;
}
