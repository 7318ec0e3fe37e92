package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"

	"unireg/checkpoint"
)

type verifyProof struct {
	File string   `arg:"" help:"The proof, as the portal gave it out (历史存证)." type:"existingfile"`
	Keys []string `help:"Public key that counts, as unireg checkpoint --key prints it; may be given more than once. Without it those of the environment count." name:"key" sep:"none" placeholder:"KEY"`
}

// Help tells what is needed and proven.
func (verifyProof) Help() string {
	return `Proves from the file alone that a checkpoint, signed by a key that counts, covers the history of one subject up to the link that is
printed: no server, database or network is asked. The exit code is 1 if it does not.`
}

// Run proves the file, or says why it proves nothing.
func (v verifyProof) Run(_ context.Context, out io.Writer) error {
	text, err := os.ReadFile(v.File)
	if err != nil {
		return fmt.Errorf("read proof: %w", err)
	}
	proof, err := checkpoint.ParseProof(string(text))
	if err != nil {
		return err
	}
	trust, err := checkpoint.NewTrust(v.Keys...)
	if err == nil && len(v.Keys) == 0 {
		trust, err = trustOfEnvironment()
	}
	if err != nil {
		return err
	}
	c, key, err := proof.Verify(trust)
	if err != nil {
		return fmt.Errorf("the proof does not hold: %w", err)
	}
	for _, line := range [][2]string{
		{"chain", proof.Head.Chain},
		{"link", fmt.Sprintf("%d, SHA-256 %s", proof.Head.No, hex.EncodeToString(proof.Head.Hash))},
		{"checkpoint", fmt.Sprintf("%d of %s", c.No, c.At.Format(time.RFC3339))},
		{"chains", fmt.Sprint(c.Size)},
		{"key", key},
	} {
		if _, err := fmt.Fprintf(out, "%-11s %s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(out, "the checkpoint covers this history")
	return err
}

func trustOfEnvironment() (*checkpoint.Trust, error) {
	c, err := settings()
	if err != nil {
		return nil, err
	}
	keys, err := c.Checkpointing()
	return keys.Trust, err
}
