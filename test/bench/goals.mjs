/** A figure that is wanted to be at least, or at most, so much. */
export const atLeast = (name, value, goal) => ({ name, value: round(value), goal: `>= ${goal}`, met: value >= goal });
export const atMost = (name, value, goal) => ({ name, value: round(value), goal: `<= ${goal}`, met: value <= goal });

function round(value) {
  return Number(value.toPrecision(4));
}
