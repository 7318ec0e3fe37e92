package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// secrets are the stack's passwords and keys: made once, at random, and kept beside the data they open.
type secrets struct {
	Superuser string `json:"postgres_superuser"`
	Owner     string `json:"postgres_owner"`
	App       string `json:"postgres_app"`
	Temporal  string `json:"postgres_temporal"`
	S3Access  string `json:"s3_access_key"`
	S3Secret  string `json:"s3_secret_key"`
}

// loadSecrets reads dir/secrets.json or makes it, readable by its owner alone.
func loadSecrets(dir string) (secrets, error) {
	path := filepath.Join(dir, "secrets.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newSecrets(path)
	}
	if err != nil {
		return secrets{}, fmt.Errorf("read secrets: %w", err)
	}
	var s secrets
	if err := json.Unmarshal(text, &s); err != nil {
		return secrets{}, fmt.Errorf("read %s: %w", path, err)
	}
	return s, nil
}

func newSecrets(path string) (secrets, error) {
	// Letters and digits only, at least 128 bits each: safe in URLs, shells and SQL literals.
	s := secrets{
		Superuser: rand.Text(),
		Owner:     rand.Text(),
		App:       rand.Text(),
		Temporal:  rand.Text(),
		S3Access:  rand.Text()[:20],
		S3Secret:  rand.Text() + rand.Text()[:14],
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return secrets{}, fmt.Errorf("write secrets: %w", err)
	}
	return s, writePrivate(path, append(text, '\n'))
}

// writePrivate replaces path with text in one step, readable by its owner alone.
func writePrivate(path string, text []byte) error {
	partial := path + ".new"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(partial, text, 0o600); err != nil {
		return err
	}
	return os.Rename(partial, path)
}
