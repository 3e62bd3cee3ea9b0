/** A measured figure with a goal: a minimum or a maximum. */
export const atLeast = (name, value, goal) => ({ name, value: round(value), goal: `>= ${goal}`, met: value >= goal });
export const atMost = (name, value, goal) => ({ name, value: round(value), goal: `<= ${goal}`, met: value <= goal });

function round(value) {
  return Number(value.toPrecision(4));
}
