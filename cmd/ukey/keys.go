package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/emmansun/gmsm/sm2"

	"unireg/certificate"
	"unireg/certificate/filetoken"
	"unireg/cmd/ukey/internal/pkcs11"
)

// target names the token to change: one behind a PKCS#11 module, or a file.
type target struct {
	Module string `placeholder:"PATH" help:"PKCS#11 module of the token." xor:"kind" required:""`
	File   string `placeholder:"FILE" help:"Token file (*.ukey)." xor:"kind" required:"" type:"path"`
	Token  string `placeholder:"LABEL" help:"Label of the token, where the module has several."`
}

// open opens the module's one token, or the one of that label.
func (t target) open() (*pkcs11.Module, pkcs11.Token, error) {
	module, err := pkcs11.Open(t.Module)
	if err != nil {
		return nil, pkcs11.Token{}, err
	}
	found, err := t.choose(module)
	if err != nil {
		return nil, pkcs11.Token{}, errors.Join(err, module.Close())
	}
	return module, found, nil
}

func (t target) choose(module *pkcs11.Module) (pkcs11.Token, error) {
	tokens, err := module.Tokens()
	if err != nil {
		return pkcs11.Token{}, err
	}
	var matching []pkcs11.Token
	for _, token := range tokens {
		if t.Token == "" || token.Label == t.Token {
			matching = append(matching, token)
		}
	}
	if len(matching) != 1 {
		return pkcs11.Token{}, fmt.Errorf("%d tokens fit; name one with --token", len(matching))
	}
	return matching[0], nil
}

type newKeyCommand struct {
	target
	Algorithm string `enum:"rsa,ecdsa,sm2" default:"rsa" help:"rsa, ecdsa (PKCS#11 only) or sm2 (token file only)."`
	Subject   string `required:"" placeholder:"NAME" help:"Name of the company or person the certificate is for."`
	Out       string `placeholder:"FILE" type:"path" help:"Where to write the request. Default: standard output."`
}

// Help tells how the PIN is given.
func (newKeyCommand) Help() string {
	return "The PIN is asked for on the terminal, or read as the first line of standard input; for a new token file its PUK is the second."
}

// Run draws the key and writes the request in PEM.
func (c *newKeyCommand) Run(out io.Writer, in *os.File) error {
	draw := c.inModule
	if c.File != "" {
		draw = c.inFile
	}
	request, err := draw(newPrompt(in, os.Stderr))
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request})
	if c.Out == "" {
		_, err = out.Write(text)
		return err
	}
	if err := os.WriteFile(c.Out, text, 0o600); err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	return nil
}

func (c *newKeyCommand) inModule(ask *prompt) (request []byte, err error) {
	algorithms := map[string]pkcs11.Algorithm{"rsa": pkcs11.RSA, "ecdsa": pkcs11.ECDSA}
	algorithm, ok := algorithms[c.Algorithm]
	if !ok {
		return nil, errors.New("SM2 keys are drawn in token files only: vendors' PKCS#11 mechanisms for SM2 differ")
	}
	module, token, err := c.open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, module.Close()) }()
	pin, err := ask.secret("PIN of " + token.Label)
	if err != nil {
		return nil, err
	}
	defer clear(pin)
	return module.NewKey(token, pin, algorithm, pkix.Name{CommonName: c.Subject})
}

// inFile makes a token file with one key that waits for its certificate.
func (c *newKeyCommand) inFile(ask *prompt) ([]byte, error) {
	if filepath.Ext(c.File) != filetoken.Extension {
		return nil, fmt.Errorf("the name of a token file ends with %s", filetoken.Extension)
	}
	key, err := drawKey(c.Algorithm)
	if err != nil {
		return nil, err
	}
	pin, err := ask.secret("new PIN")
	if err != nil {
		return nil, err
	}
	defer clear(pin)
	puk, err := ask.secret("new PUK, to unlock it")
	if err != nil {
		return nil, err
	}
	defer clear(puk)
	label := c.Token
	if label == "" {
		label = c.Subject
	}
	contents, err := filetoken.Create(string(pin), string(puk), label, []filetoken.Entry{{Key: key, Use: filetoken.Signing}})
	if err != nil {
		return nil, err
	}
	if err := writeNew(c.File, contents); err != nil {
		return nil, err
	}
	token, err := filetoken.Open(c.File)
	if err != nil {
		return nil, err
	}
	return token.Request(string(pin), pkix.Name{CommonName: c.Subject})
}

func drawKey(algorithm string) (crypto.Signer, error) {
	var key crypto.Signer
	var err error
	switch algorithm {
	case "rsa":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "sm2":
		key, err = sm2.GenerateKey(rand.Reader)
	default:
		err = errors.New("ECDSA keys are drawn in PKCS#11 tokens only")
	}
	if err != nil {
		return nil, fmt.Errorf("draw a key: %w", err)
	}
	return key, nil
}

// writeNew writes a file that must not be there yet: it may hold a key.
func writeNew(path string, contents []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make the token file: %w", err)
	}
	_, err = file.Write(contents)
	if err == nil {
		err = file.Sync()
	}
	if e := file.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("write the token file: %w", err)
	}
	return nil
}

type importCommand struct {
	target
	Certificate string `arg:"" type:"existingfile" help:"The certificate in PEM, its issuers' after it."`
}

// Help tells how the PIN is given.
func (importCommand) Help() string {
	return "A PKCS#11 token asks for its PIN, on the terminal or as the first line of standard input; a token file needs none."
}

// Run writes the certificates beside their key.
func (c *importCommand) Run(out io.Writer, in *os.File) error {
	text, err := os.ReadFile(c.Certificate)
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	leaf, issuers, err := certificate.ParsePEM(text)
	if err != nil {
		return err
	}
	chain := append([][]byte{leaf.Raw()}, issuers...)
	if c.File != "" {
		err = c.intoFile(chain)
	} else {
		err = c.intoModule(chain, newPrompt(in, os.Stderr))
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "imported:", leaf.SHA256())
	return err
}

func (c *importCommand) intoFile(chain [][]byte) error {
	token, err := filetoken.Open(c.File)
	if err != nil {
		return err
	}
	return token.Import(chain)
}

func (c *importCommand) intoModule(chain [][]byte, ask *prompt) (err error) {
	module, token, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, module.Close()) }()
	pin, err := ask.secret("PIN of " + token.Label)
	if err != nil {
		return err
	}
	defer clear(pin)
	return module.Import(token, pin, chain)
}
