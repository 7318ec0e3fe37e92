package pkcs11

import (
	"errors"
	"fmt"
)

// Classes of objects.
const (
	classCertificate = 0x1
	classPublicKey   = 0x2
	classPrivateKey  = 0x3
)

// Attributes of objects.
const (
	attrClass              = 0x0
	attrToken              = 0x1
	attrPrivate            = 0x2
	attrLabel              = 0x3
	attrValue              = 0x11
	attrCertificateType    = 0x80
	attrIssuer             = 0x81
	attrSerialNumber       = 0x82
	attrKeyType            = 0x100
	attrSubject            = 0x101
	attrID                 = 0x102
	attrSensitive          = 0x103
	attrSign               = 0x108
	attrVerify             = 0x10A
	attrModulus            = 0x120
	attrModulusBits        = 0x121
	attrPublicExponent     = 0x122
	attrExtractable        = 0x162
	attrECParams           = 0x180
	attrECPoint            = 0x181
	attrAlwaysAuthenticate = 0x202
)

// Types of keys, and of certificates.
const (
	keyRSA   = 0x0
	keyEC    = 0x3
	certX509 = 0x0
)

// bool encodes a CK_BBOOL.
func yes(v bool) []byte {
	if v {
		return []byte{1}
	}
	return []byte{0}
}

// maxObjects bounds what is read of one kind on one token, maxValue the bytes of
// one attribute.
const (
	maxObjects = 256
	maxValue   = 64 * 1024
)

// objects finds what has all attributes of the template.
func (s session) objects(t template) (found []uintptr, err error) {
	var mem memory
	defer mem.release()
	if err := s.check("C_FindObjectsInit", fnFindObjectsInit, s.handle, mem.of(mem.attributes(t)), uintptr(len(t))); err != nil {
		return nil, err
	}
	defer func() {
		if e := s.check("C_FindObjectsFinal", fnFindObjectsFinal, s.handle); err == nil {
			err = e
		}
	}()
	const batch = 16
	handles, count := make([]byte, batch*native.ulong), native.ulongs(0)
	for len(found) < maxObjects {
		if err := s.check("C_FindObjects", fnFindObjects, s.handle, mem.of(handles), batch, mem.of(count)); err != nil {
			return nil, err
		}
		n := min(native.uint(count), batch)
		if n == 0 {
			return found, nil
		}
		for i := range int(n) {
			found = append(found, uintptr(native.uint(handles[i*native.ulong:])))
		}
	}
	return found, nil
}

// value reads one attribute; nil where the object has none, or does not show it.
func (s session) value(object uintptr, kind uint) ([]byte, error) {
	var mem memory
	defer mem.release()
	ask := native.attributes(attribute{kind: kind})
	if err := s.check("C_GetAttributeValue", fnGetAttributeValue, s.handle, object, mem.of(ask), 1); err != nil {
		var v RV
		if errors.As(err, &v) && (v == rvAttributeSensitive || v == rvAttributeTypeInvalid) {
			return nil, nil
		}
		return nil, err
	}
	size := native.attributeLength(ask, 0)
	if size == 0 || size == unavailable {
		return nil, nil
	}
	if size > maxValue {
		return nil, fmt.Errorf("an attribute of %d bytes", size)
	}
	value := make([]byte, size)
	ask = native.attributes(attribute{kind: kind, address: mem.of(value), length: size})
	if err := s.check("C_GetAttributeValue", fnGetAttributeValue, s.handle, object, mem.of(ask), 1); err != nil {
		return nil, err
	}
	size = native.attributeLength(ask, 0)
	if size > uint(len(value)) {
		return nil, errors.New("an attribute grew while it was read")
	}
	return value[:size], nil
}

const (
	rvAttributeSensitive   RV = 0x11
	rvAttributeTypeInvalid RV = 0x12
)

// Certificate is an X.509 certificate on a token.
type Certificate struct {
	// ID ties it to its key pair (CKA_ID); empty for those of issuers, mostly.
	ID    []byte
	Label string
	DER   []byte
}

// Certificates lists the X.509 certificates of a token. It needs no PIN.
func (m *Module) Certificates(t Token) ([]Certificate, error) {
	var list []Certificate
	err := m.withSession(t, 0, func(s session) (err error) {
		list, err = s.certificates()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list certificates of %s: %w", t.quote(), err)
	}
	return list, nil
}

func (s session) certificates() ([]Certificate, error) {
	var t template
	t.add(attrClass, native.ulongs(classCertificate))
	t.add(attrCertificateType, native.ulongs(certX509))
	handles, err := s.objects(t)
	if err != nil {
		return nil, err
	}
	var list []Certificate
	for _, h := range handles {
		der, err := s.value(h, attrValue)
		if err != nil {
			return nil, err
		}
		if len(der) == 0 {
			continue
		}
		id, err := s.value(h, attrID)
		if err != nil {
			return nil, err
		}
		label, err := s.value(h, attrLabel)
		if err != nil {
			return nil, err
		}
		list = append(list, Certificate{ID: id, Label: text(label), DER: der})
	}
	return list, nil
}
