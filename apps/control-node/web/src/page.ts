// Small helpers over the document. Text only ever enters as text; rows are updated in place, so
// that nothing flickers and a selection survives.

export interface Cell {
  readonly text: string;
  readonly tone?: string;
  readonly title?: string;
}

export function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element '${id}'`);
  return element as Kind;
}

export function setText(id: string, text: string, tone = ''): void {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
  for (const name of ['good', 'bad', 'warn']) element.classList.toggle(name, name === tone);
}

/** Fills the body of a table; `empty` is said when there are no rows. */
export function setRows(id: string, rows: readonly (readonly Cell[])[], empty: string): void {
  const body = byId(id).querySelector('tbody');
  if (body === null) return;
  if (rows.length === 0) {
    if (body.dataset['empty'] === empty) return;
    const columns = byId(id).querySelectorAll('th').length;
    const cell = document.createElement('td');
    cell.colSpan = columns;
    cell.className = 'empty';
    cell.textContent = empty;
    const row = document.createElement('tr');
    row.append(cell);
    body.replaceChildren(row);
    body.dataset['empty'] = empty;
    return;
  }
  if (body.dataset['empty'] !== undefined) {
    delete body.dataset['empty'];
    body.replaceChildren();
  }
  while (body.rows.length > rows.length) body.deleteRow(-1);
  for (const [index, cells] of rows.entries()) setRow(body.rows[index] ?? body.insertRow(), cells);
}

function setRow(row: HTMLTableRowElement, cells: readonly Cell[]): void {
  cells.forEach((cell, index) => {
    const element = row.cells[index] ?? row.insertCell();
    if (element.textContent !== cell.text) element.textContent = cell.text;
    const tone = cell.tone ?? '';
    if (element.className !== tone) element.className = tone;
    const title = cell.title ?? '';
    if (element.title !== title) element.title = title;
  });
}
