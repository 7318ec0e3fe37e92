package pkcs11

import "crypto"

// SignWithCautiousKey draws an ECDSA key that asks for the PIN before each
// signature (CKA_ALWAYS_AUTHENTICATE) and signs with it.
func (m *Module) SignWithCautiousKey(t Token, pin, message []byte) (public crypto.PublicKey, signature []byte, err error) {
	err = m.withSession(t, flagReadWrite, func(s session) error {
		return s.withLogin(pin, func() error {
			var open, secret template
			open.add(attrECParams, p256)
			open.add(attrVerify, yes(true))
			secret.add(attrPrivate, yes(true))
			secret.add(attrSign, yes(true))
			secret.add(attrAlwaysAuthenticate, yes(true))
			publicHandle, privateHandle, err := s.generateKeyPair(mechECGenerate, open, secret)
			if err != nil {
				return err
			}
			if public, err = s.publicKey(publicHandle); err != nil {
				return err
			}
			signature, err = s.sign(privateHandle, pin, message)
			return err
		})
	})
	return public, signature, err
}
