// Package checkpoint proves what the hash chains alone cannot: that a history is
// still the one that was there at an earlier time. Whoever may write everything
// in the database may rewrite a chain with right hashes, or cut off its end. So a
// checkpoint is taken in a while: a Merkle tree over the heads of all chains,
// whose root is signed by a key that the database does not hold. Checkpoints are
// a chain themselves, and a copy that somebody keeps elsewhere shows what was
// changed since.
//
// The signed text follows the C2SP specifications tlog-checkpoint and signed-note,
// so that tools for transparency logs read it. The package knows no SQL and no HTTP.
package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Origin names the log, in the first line of every checkpoint, and the keys that
// sign it.
const Origin = "unireg/history"

// Checkpoint is what is signed.
type Checkpoint struct {
	No   int64 // 1, 2, 3 …
	At   time.Time
	Size int64 // chains
	Root Hash  // of the tree over their heads
	// Previous is the Hash of the checkpoint before; zero for the first.
	Previous Hash
}

// instant writes microseconds, which is what PostgreSQL keeps.
const instant = "2006-01-02T15:04:05.000000Z"

// text is the text that is signed: origin, size and root, and as lines of our
// own number, instant and the checkpoint before.
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\nno %d\nat %s\nprevious %s\n", Origin, c.Size, encode(c.Root), c.No, c.At.UTC().Format(instant), encode(c.Previous))
}

// Hash is the SHA-256 of the text that is signed. The next checkpoint names it.
func (c Checkpoint) Hash() Hash { return sha256.Sum256([]byte(c.text())) }

func encode(h Hash) string { return base64.StdEncoding.EncodeToString(h[:]) }

var errText = errors.New("it is no checkpoint of this system")

// parse reads a text. What it accepts is exactly what text writes.
func parse(text string) (Checkpoint, error) {
	var c Checkpoint
	lines := strings.Split(text, "\n")
	if len(lines) != 7 || lines[0] != Origin {
		return c, errText
	}
	var root, at, previous string
	for i, field := range []struct {
		layout string
		into   any
	}{{"%d", &c.Size}, {"%s", &root}, {"no %d", &c.No}, {"at %s", &at}, {"previous %s", &previous}} {
		if _, err := fmt.Sscanf(lines[i+1], field.layout, field.into); err != nil {
			return c, errText
		}
	}
	var err error
	if c.At, err = time.Parse(instant, at); err != nil {
		return c, errText
	}
	for _, hash := range []struct {
		text string
		into *Hash
	}{{root, &c.Root}, {previous, &c.Previous}} {
		decoded, err := base64.StdEncoding.DecodeString(hash.text)
		if err != nil || len(decoded) != len(hash.into) {
			return c, errText
		}
		copy(hash.into[:], decoded)
	}
	if !bytes.Equal([]byte(c.text()), []byte(text)) {
		return c, errText
	}
	return c, nil
}
