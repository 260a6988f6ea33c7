#!/usr/bin/env bash
# A long run of the properties over customers' lifecycles: LIFECYCLES of the pure one, in pieces over all cores, then
# SERVICE_LIFECYCLES of those that run a real service (whichever specs read that variable). SOAK_SEED repeats a run: each piece
# prints the seed that it has of it.
set -euo pipefail
cd "$(dirname "$0")/.."

lifecycles=${LIFECYCLES:-1000000}
export SERVICE_LIFECYCLES=${SERVICE_LIFECYCLES:-10000}
export SOAK_SEED=${SOAK_SEED:-$((EPOCHSECONDS % 1000000 * 1000))}
export PIECE=$((lifecycles < 20000 ? lifecycles : 20000))
export PIECES=$(((lifecycles + PIECE - 1) / PIECE))
export LOGS
LOGS=$(mktemp -d)
trap 'rm -rf "$LOGS"' EXIT

jest() {
  node --experimental-vm-modules --disable-warning=ExperimentalWarning \
    --import ./libs/testing/src/jest/prompt-exit.process.ts node_modules/jest/bin/jest.js --maxWorkers=1 "$@"
}

# soak_piece NUMBER: says its seed and its time, and all that Jest said if it failed. 255 has xargs start no further ones.
soak_piece() {
  local seed=$((SOAK_SEED + $1)) log=$LOGS/$1 from=$SECONDS
  if LIFECYCLES=$PIECE LIFECYCLES_SEED=$seed jest --selectProjects spec \
    --testPathPatterns libs/billing/src/lifecycle.property >"$log" 2>&1; then
    echo "[soak] piece $1 of $PIECES: $PIECE lifecycles held, seed $seed, $((SECONDS - from)) s" >&2
    return 0
  fi
  cat "$log" >&2
  echo "[soak] piece $1 failed; again: LIFECYCLES=$PIECE LIFECYCLES_SEED=$seed npm run jest --" \
    "--selectProjects spec --testPathPatterns lifecycle.property" >&2
  return 255
}
export -f jest soak_piece

cores=$(nproc)
echo "[soak] $((PIECE * PIECES)) lifecycles in $PIECES pieces on $cores cores, SOAK_SEED=$SOAK_SEED" >&2
seq "$PIECES" | xargs -P "$cores" -I{} bash -c 'soak_piece {}'
echo "[soak] $((PIECE * PIECES)) lifecycles held in $SECONDS s" >&2

mapfile -t specs < <(grep -rlw SERVICE_LIFECYCLES --include='*.spec.ts' apps libs e2e)
if [ ${#specs[@]} -eq 0 ]; then
  echo '[soak] no spec of a real service reads SERVICE_LIFECYCLES' >&2
  exit 0
fi
echo "[soak] $SERVICE_LIFECYCLES lifecycles on real services: ${specs[*]}" >&2
jest --runTestsByPath "${specs[@]}"
