package config

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// placeholder stands wherever a secret would be printed.
const placeholder = "[secret]"

// Secret is a text that is never printed.
type Secret string

// Reveal returns the text itself.
func (s Secret) Reveal() string { return string(s) }

// String returns a placeholder, or "" if nothing is set.
func (s Secret) String() string { return redacted(s != "") }

// GoString is String: %#v shows no more than %v.
func (s Secret) GoString() string { return s.String() }

// LogValue is String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String: encoders of JSON and the like show no more.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// KeySize is the length of every key in bytes.
const KeySize = 32

// Key is 32 secret bytes, written as standard base64.
type Key struct{ secret []byte }

// Bytes returns the key itself, nil if none is set.
func (k Key) Bytes() []byte { return k.secret }

// Base64 returns the key as the environment writes it.
func (k Key) Base64() string { return base64.StdEncoding.EncodeToString(k.secret) }

// UnmarshalText reads base64. Its error never shows the input.
func (k *Key) UnmarshalText(text []byte) error {
	secret, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	switch {
	case err != nil:
		return errors.New("is not base64")
	case len(secret) != KeySize:
		return fmt.Errorf("holds %d bytes, want %d", len(secret), KeySize)
	}
	k.secret = secret
	return nil
}

// String returns a placeholder, or "" if nothing is set.
func (k Key) String() string { return redacted(len(k.secret) > 0) }

// GoString is String.
func (k Key) GoString() string { return k.String() }

// LogValue is String.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText is String.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// weak reports whether the key was plainly not drawn at random: 32 random bytes
// have fewer than 16 different values less than once in 10^14 draws.
func (k Key) weak() bool {
	seen := map[byte]bool{}
	for _, b := range k.secret {
		seen[b] = true
	}
	run := 0
	for i := 1; i < len(k.secret); i++ {
		if k.secret[i] == k.secret[i-1]+1 {
			run++
		}
	}
	return len(seen) < 16 || run > 8
}

// NamedKey is a master key and the name under which sealed rows refer to it.
type NamedKey struct {
	Name string
	Key  Key
}

// MasterKeys are the master keys in their order: the first is primary.
type MasterKeys []NamedKey

// UnmarshalText reads name:base64,name:base64. Its error never shows a key.
func (m *MasterKeys) UnmarshalText(text []byte) error {
	var keys MasterKeys
	names := map[string]bool{}
	for i, entry := range strings.Split(strings.TrimSpace(string(text)), ",") {
		name, encoded, ok := strings.Cut(strings.TrimSpace(entry), ":")
		if !ok || name == "" {
			return fmt.Errorf("has no name before its entry %d: write name:base64", i+1)
		}
		if names[name] {
			return fmt.Errorf("names the key %q twice", name)
		}
		names[name] = true
		var key Key
		if err := key.UnmarshalText([]byte(encoded)); err != nil {
			return fmt.Errorf("has a key %q that %w", name, err)
		}
		keys = append(keys, NamedKey{name, key})
	}
	*m = keys
	return nil
}

// String returns the names, which are no secret, each with a placeholder.
func (m MasterKeys) String() string {
	names := make([]string, len(m))
	for i, k := range m {
		names[i] = k.Name + ":" + placeholder
	}
	return strings.Join(names, ",")
}

// GoString is String.
func (m MasterKeys) GoString() string { return m.String() }

// LogValue is String.
func (m MasterKeys) LogValue() slog.Value { return slog.StringValue(m.String()) }

// MarshalText is String.
func (m MasterKeys) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

func redacted(set bool) string {
	if set {
		return placeholder
	}
	return ""
}
