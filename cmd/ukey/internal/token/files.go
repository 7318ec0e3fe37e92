package token

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"unireg/certificate/filetoken"
)

// Directory is a folder with token files. One that is missing is empty.
type Directory string

// Tokens reads the *.ukey files of the folder, in the order of their names.
func (d Directory) Tokens() ([]Token, error) {
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list token files: %w", err)
	}
	var tokens []Token
	var faults []error
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), filetoken.Extension) || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		file, err := filetoken.Open(filepath.Join(string(d), entry.Name()))
		if err != nil {
			faults = append(faults, err)
			continue
		}
		tokens = append(tokens, fileToken(file))
	}
	return tokens, errors.Join(faults...)
}

func fileToken(file *filetoken.Token) Token {
	t := Token{Label: file.Label()}
	for _, chain := range file.Certificates() {
		own := signing(chain.Certificates[0])
		if own == nil || chain.Use != filetoken.Signing {
			continue
		}
		t.Certificates = append(t.Certificates, Certificate{
			Certificate: own, Chain: chain.Certificates[1:], Token: t.Label, TriesLeft: file.TriesLeft(),
			sign: func(pin, message []byte) ([]byte, error) {
				signature, err := file.SignWith(pin, own.Raw(), message)
				return signature, fileRefusal(err)
			},
		})
	}
	return t
}

func fileRefusal(err error) error {
	var wrong filetoken.WrongPIN
	switch {
	case errors.As(err, &wrong):
		return WrongPIN{TriesLeft: wrong.TriesLeft}
	case errors.Is(err, filetoken.Locked{}):
		return ErrLocked
	case errors.Is(err, fs.ErrNotExist):
		return ErrRemoved
	default:
		return err
	}
}
