// Going to another page. The address stays the old one until the new page has answered, and several
// requests may find out at once that the session is over: a second departure would abort the first.

let left = false;

export function leaveFor(path: string): void {
  if (left || location.pathname === path) return;
  left = true;
  location.assign(path);
}

// A page that the browser kept and shows again may leave again.
addEventListener('pageshow', () => {
  left = false;
});
