package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// cost is what argon2id is asked to spend on one password.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// today is the cost of new hashes: 24 MiB and two passes, some 50 ms of one
// core, above the least that OWASP's Password Storage Cheat Sheet asks for
// (19 MiB, two passes). A hash of another cost is verified by the cost it names
// and then renewed.
var today = cost{memory: 24 << 10, passes: 2, threads: 1}

// most bounds what an encoded hash may ask for, so that a broken row cannot
// take the machine's memory.
var most = cost{memory: 256 << 10, passes: 16, threads: 8}

const (
	saltSize = 16
	hashSize = 32
	// maxPasswordBytes bounds the work of normalizing what was typed.
	maxPasswordBytes = 8 * maxPassword
)

// slots bounds how many hashes are computed at once: each takes today.memory,
// and more than the machine has cores would only slow one another down.
var slots = make(chan struct{}, max(2, runtime.NumCPU()))

func acquire(ctx context.Context) error {
	if ctx.Err() != nil {
		return fmt.Errorf("wait to hash a password: %w", context.Cause(ctx))
	}
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to hash a password: %w", context.Cause(ctx))
	}
}

func release() { <-slots }

// normalize brings a password to NFKC, as NIST SP 800-63B asks: characters that
// an input method typed in full width count as the plain ones. Nothing is
// trimmed or cut off.
func normalize(password string) string { return norm.NFKC.String(password) }

// Hash returns the password's argon2id hash in PHC string format. It waits for
// its turn; ctx ends the waiting. The caller has checked the password with
// PasswordProblem.
func Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("draw salt: %w", err)
	}
	if err := acquire(ctx); err != nil {
		return "", err
	}
	defer release()
	return encode(today, salt, today.derive(password, salt, hashSize)), nil
}

// Verify compares a password with an encoded hash. rehash tells, after a match,
// that the hash should be renewed because its cost is not today's. An encoded
// hash that cannot be read is an error, and a mismatch is not.
func Verify(ctx context.Context, password, encoded string) (ok, rehash bool, err error) {
	c, salt, want, err := decode(encoded)
	if err != nil {
		return false, false, err
	}
	// Too long was never accepted as a password; it costs the same nevertheless.
	tooLong := len(password) > maxPasswordBytes
	if tooLong {
		password = ""
	}
	if err := acquire(ctx); err != nil {
		return false, false, err
	}
	defer release()
	got := c.derive(password, salt, len(want))
	ok = subtle.ConstantTimeCompare(got, want) == 1 && !tooLong
	return ok, ok && c != today, nil
}

// VerifyNothing spends the time of Verify where there is no account, so that
// the answer does not tell known from unknown ones.
func VerifyNothing(ctx context.Context, password string) error {
	_, _, err := Verify(ctx, password, NoPassword)
	return err
}

// NoPassword is the hash that no password has: of an account that was begun
// without one.
var NoPassword = encode(today, make([]byte, saltSize), make([]byte, hashSize))

func (c cost) derive(password string, salt []byte, size int) []byte {
	return argon2.IDKey([]byte(normalize(password)), salt, c.passes, c.memory, c.threads, uint32(size))
}

func encode(c cost, salt, hash []byte) string {
	raw := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, c.memory, c.passes, c.threads, raw.EncodeToString(salt), raw.EncodeToString(hash))
}

var errEncoding = errors.New("the password hash is not argon2id in PHC format")

func decode(encoded string) (c cost, salt, hash []byte, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return cost{}, nil, nil, errEncoding
	}
	if _, err := fmt.Sscanf(parts[3]+"\n", "m=%d,t=%d,p=%d\n", &c.memory, &c.passes, &c.threads); err != nil {
		return cost{}, nil, nil, errEncoding
	}
	if c.memory < 8*uint32(c.threads) || c.memory > most.memory || c.passes < 1 || c.passes > most.passes ||
		c.threads < 1 || c.threads > most.threads {
		return cost{}, nil, nil, errEncoding
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	hash, hashErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || hashErr != nil || len(salt) < 8 || len(hash) < 16 || len(hash) > 64 {
		return cost{}, nil, nil, errEncoding
	}
	return c, salt, hash, nil
}
