package record

import "time"

// ExpiredAt reports whether a document of which a subject has many no longer
// counted at an instant by its own last day. A profile is never expired as a
// whole, and a document without such a day neither.
func ExpiredAt(d Document, at time.Time) bool {
	listed, ok := d.(Listed)
	return ok && Expired(listed.Listing().Expires, at)
}
