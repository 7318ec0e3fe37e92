package pkcs11

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
)

// p256 is the DER of the curve's object identifier, 1.2.840.10045.3.1.7.
var p256 = []byte{0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07}

// rsaBits is the size of RSA keys that are drawn here.
const rsaBits = 2048

// NewKey draws a key pair in the token and returns a PKCS #10 request, DER, that
// the key has signed. The private key cannot leave the token.
func (m *Module) NewKey(t Token, pin []byte, algorithm Algorithm, subject pkix.Name) ([]byte, error) {
	var request []byte
	err := m.withSession(t, flagReadWrite, func(s session) error {
		return s.withLogin(pin, func() (err error) {
			key, err := s.generate(algorithm, subject.CommonName, pin)
			if err != nil {
				return err
			}
			request, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject}, key)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("draw a key in %s: %w", t.quote(), err)
	}
	return request, nil
}

// generate draws a key pair with an id of its own.
func (s session) generate(algorithm Algorithm, label string, pin []byte) (tokenKey, error) {
	id := make([]byte, 20)
	_, _ = rand.Read(id) // never fails, by its contract
	var public, private template
	mechanism := uint(mechRSAGenerate)
	switch algorithm {
	case RSA:
		public.add(attrModulusBits, native.ulongs(rsaBits))
		public.add(attrPublicExponent, []byte{1, 0, 1})
	case ECDSA:
		mechanism = mechECGenerate
		public.add(attrECParams, p256)
	default:
		return tokenKey{}, fmt.Errorf("no algorithm %q on a PKCS#11 token", algorithm)
	}
	public.add(attrToken, yes(true))
	public.add(attrPrivate, yes(false))
	public.add(attrVerify, yes(true))
	public.add(attrID, id)
	public.add(attrLabel, []byte(label))
	private.add(attrToken, yes(true))
	private.add(attrPrivate, yes(true))
	private.add(attrSensitive, yes(true))
	private.add(attrExtractable, yes(false))
	private.add(attrSign, yes(true))
	private.add(attrID, id)
	private.add(attrLabel, []byte(label))
	publicHandle, privateHandle, err := s.generateKeyPair(mechanism, public, private)
	if err != nil {
		return tokenKey{}, err
	}
	key, err := s.publicKey(publicHandle)
	if err != nil {
		return tokenKey{}, err
	}
	return tokenKey{session: s, handle: privateHandle, public: key, pin: pin}, nil
}

func (s session) generateKeyPair(mechanism uint, public, private template) (publicHandle, privateHandle uintptr, err error) {
	var mem memory
	defer mem.release()
	handles := [2][]byte{native.ulongs(0), native.ulongs(0)}
	err = s.check("C_GenerateKeyPair", fnGenerateKeyPair, s.handle, mem.of(native.mechanism(mechanism)),
		mem.of(mem.attributes(public)), uintptr(len(public)), mem.of(mem.attributes(private)), uintptr(len(private)),
		mem.of(handles[0]), mem.of(handles[1]))
	return uintptr(native.uint(handles[0])), uintptr(native.uint(handles[1])), err
}

// publicKey reads a public key object.
func (s session) publicKey(object uintptr) (crypto.PublicKey, error) {
	kind, err := s.value(object, attrKeyType)
	if err != nil {
		return nil, err
	}
	if len(kind) < native.ulong {
		return nil, errors.New("the key has no type")
	}
	switch native.uint(kind) {
	case keyRSA:
		return s.rsaKey(object)
	case keyEC:
		return s.ecKey(object)
	default:
		return nil, errors.New("the key is neither RSA nor ECDSA")
	}
}

func (s session) rsaKey(object uintptr) (crypto.PublicKey, error) {
	modulus, err := s.value(object, attrModulus)
	if err != nil {
		return nil, err
	}
	exponent, err := s.value(object, attrPublicExponent)
	if err != nil {
		return nil, err
	}
	e := new(big.Int).SetBytes(exponent)
	if len(modulus) == 0 || e.BitLen() > 31 || e.Sign() == 0 {
		return nil, errors.New("not an RSA key")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(e.Int64())}, nil
}

func (s session) ecKey(object uintptr) (crypto.PublicKey, error) {
	params, err := s.value(object, attrECParams)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(params, p256) {
		return nil, errors.New("not a key on P-256")
	}
	wrapped, err := s.value(object, attrECPoint)
	if err != nil {
		return nil, err
	}
	var point []byte
	if _, err := asn1.Unmarshal(wrapped, &point); err != nil {
		point = wrapped // older modules give the point bare
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, fmt.Errorf("read the point of an ECDSA key: %w", err)
	}
	return key, nil
}

// tokenKey signs requests for certificates inside a session that is logged in.
type tokenKey struct {
	session session
	handle  uintptr
	public  crypto.PublicKey
	pin     []byte
}

// Public is the key's public half.
func (k tokenKey) Public() crypto.PublicKey { return k.public }

// Sign refuses: a token is never handed a digest.
func (tokenKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("a token signs messages, no digests")
}

// SignMessage signs the message with SHA-256.
func (k tokenKey) SignMessage(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != crypto.SHA256 {
		return nil, errors.New("a token signs with SHA-256")
	}
	return k.session.sign(k.handle, k.pin, message)
}

// Import writes certificates, DER with the key's own first, into the token,
// beside the key pair that the first is for. What is there already stays.
func (m *Module) Import(t Token, pin []byte, certificates [][]byte) error {
	if len(certificates) == 0 {
		return errors.New("no certificate to import")
	}
	err := m.withSession(t, flagReadWrite, func(s session) error {
		return s.withLogin(pin, func() error { return s.importChain(certificates) })
	})
	if err != nil {
		return fmt.Errorf("write a certificate into %s: %w", t.quote(), err)
	}
	return nil
}

func (s session) importChain(certificates [][]byte) error {
	leaf, err := x509.ParseCertificate(certificates[0])
	if err != nil {
		return fmt.Errorf("parse the certificate: %w", err)
	}
	id, err := s.keyOf(leaf.PublicKey)
	if err != nil {
		return err
	}
	there, err := s.certificates()
	if err != nil {
		return err
	}
	for i, der := range certificates {
		if i > 0 {
			id = nil
		}
		if err := s.create(der, id, there); err != nil {
			return err
		}
	}
	return nil
}

// keyOf finds the id of the key pair with that public key.
func (s session) keyOf(public crypto.PublicKey) ([]byte, error) {
	var t template
	t.add(attrClass, native.ulongs(classPublicKey))
	keys, err := s.objects(t)
	if err != nil {
		return nil, err
	}
	for _, h := range keys {
		key, err := s.publicKey(h)
		if err != nil {
			continue // a key of a kind that is not ours
		}
		if same, known := key.(interface{ Equal(crypto.PublicKey) bool }); known && same.Equal(public) {
			return s.value(h, attrID)
		}
	}
	return nil, errors.New("the token holds no key for this certificate")
}

// create writes one certificate, unless it is there.
func (s session) create(der, id []byte, there []Certificate) error {
	for _, c := range there {
		if bytes.Equal(c.DER, der) {
			return nil
		}
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("parse a certificate: %w", err)
	}
	serial, err := asn1.Marshal(certificate.SerialNumber)
	if err != nil {
		return fmt.Errorf("encode the serial number: %w", err)
	}
	var t template
	t.add(attrClass, native.ulongs(classCertificate))
	t.add(attrCertificateType, native.ulongs(certX509))
	t.add(attrToken, yes(true))
	t.add(attrPrivate, yes(false))
	t.add(attrLabel, []byte(certificate.Subject.CommonName))
	t.add(attrSubject, certificate.RawSubject)
	t.add(attrIssuer, certificate.RawIssuer)
	t.add(attrSerialNumber, serial)
	t.add(attrValue, der)
	if len(id) > 0 {
		t.add(attrID, id)
	}
	var mem memory
	defer mem.release()
	handle := native.ulongs(0)
	return s.check("C_CreateObject", fnCreateObject, s.handle, mem.of(mem.attributes(t)), uintptr(len(t)), mem.of(handle))
}
