/** A run among others: its name, and its id where that is not the name already. */
export const runTitle = ({ id, name }: { id: string; name: string }): string => (name === id ? id : `${name} (${id})`)
