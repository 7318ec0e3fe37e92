package config

import (
	"unireg/checkpoint"
)

// Checkpointing is who signs checkpoints of the history, and whose count.
type Checkpointing struct {
	// Signer is nil where no key is set.
	Signer *checkpoint.Signer
	Trust  *checkpoint.Trust
}

// Checkpointing reads the keys of checkpoints. That which signs counts, too.
func (c Config) Checkpointing() (Checkpointing, error) {
	var keys Checkpointing
	trusted := c.CheckpointTrust
	if seed := c.CheckpointKey.Bytes(); seed != nil {
		var err error
		if keys.Signer, err = checkpoint.NewSigner(seed); err != nil {
			return keys, err
		}
		trusted = append([]string{keys.Signer.Public()}, trusted...)
	}
	var err error
	keys.Trust, err = checkpoint.NewTrust(trusted...)
	return keys, err
}
