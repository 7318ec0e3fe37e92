package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"

	"unireg/config"
	"unireg/partner"
	"unireg/smtp"
	"unireg/smtp/mailbox"
	"unireg/storage"
	"unireg/web/letters"
)

// outgoing is what leaves the portal beside its pages.
type outgoing struct {
	carriers map[storage.Channel]storage.Carrier
}

// openOutgoing prepares the channels that the settings name. Nothing is called.
func openOutgoing(c config.Config) (outgoing, error) {
	o := outgoing{carriers: map[storage.Channel]storage.Carrier{}}
	writer := letters.Writer{Origin: c.Origin, Site: c.SiteName, Hotline: c.Hotline}
	if c.SMTPAddress != "" {
		sender, err := smtp.New(c.SMTP())
		if err != nil {
			return outgoing{}, fmt.Errorf("UNIREG_SMTP_ADDRESS: %w", err)
		}
		o.carriers[storage.ByEmail] = mailCarrier{writer, sender}
	}
	if c.SMSURL != "" {
		gateway, err := partner.NewGateway(partner.GatewayConfig{URL: c.SMSURL, Secrets: c.SMSSigners(), Private: c.EgressPrivate})
		if err != nil {
			return outgoing{}, fmt.Errorf("UNIREG_SMS_URL: %w", err)
		}
		o.carriers[storage.BySMS] = smsCarrier{writer, gateway}
	}
	return o, nil
}

// channels are those on which something leaves, in the order of the pages.
func (o outgoing) channels() []storage.Channel {
	var all []storage.Channel
	for _, channel := range storage.Channels() {
		if o.carriers[channel] != nil {
			all = append(all, channel)
		}
	}
	return all
}

// mailCarrier writes letters as mail and hands them to the mail server.
type mailCarrier struct {
	letters.Writer

	sender *smtp.Sender
}

// Carry takes one letter.
func (c mailCarrier) Carry(ctx context.Context, l storage.Letter) error {
	message, err := c.Mail(ctx, l)
	if err != nil {
		return err
	}
	err = c.sender.Send(ctx, message)
	if fault, ok := errors.AsType[*smtp.Fault](err); ok && fault.Permanent() {
		return fmt.Errorf("%w: %w", storage.ErrUndeliverable, err)
	}
	return err
}

// smsCarrier writes letters as short messages and hands them to the gateway.
type smsCarrier struct {
	letters.Writer

	gateway *partner.Gateway
}

// Carry takes one letter.
func (c smsCarrier) Carry(ctx context.Context, l storage.Letter) error {
	err := c.gateway.Send(ctx, partner.ShortMessage{ID: string(l.ID), To: "+86" + l.Address, Text: c.ShortMessage(ctx, l)})
	if errors.Is(err, partner.ErrNumber) {
		return fmt.Errorf("%w: %w", storage.ErrUndeliverable, err)
	}
	return err
}

// mailServer is the mail server of a development system: one that keeps every
// letter as a file, where the operator has not named another.
type mailServer struct {
	*mailbox.Mailbox // nil: none of our own
	said             string
}

// startMailbox starts the server of our own, whose settings join the environment.
func (u *upCommand) startMailbox(environment map[string]string) (*mailServer, error) {
	if named := os.Getenv("UNIREG_SMTP_ADDRESS"); named != "" {
		return &mailServer{said: "through " + named}, nil
	}
	own, err := mailbox.Start(u.path("mail"))
	if err != nil {
		return nil, err
	}
	maps.Copy(environment, map[string]string{
		"UNIREG_SMTP_ADDRESS": own.Address, "UNIREG_SMTP_TLS": string(smtp.Plain), "UNIREG_SMTP_FROM": "unireg@localhost",
	})
	return &mailServer{own, u.path("mail") + " (every letter as a file; none leaves this machine)"}, nil
}

// stop ends the server of our own.
func (m *mailServer) stop() error {
	if m.Mailbox == nil {
		return nil
	}
	return m.Stop()
}

// examineMail asks the mail server for a conversation.
func examineMail(ctx context.Context, d *diagnosis, c config.Config) {
	if c.SMTPAddress == "" {
		d.warn(finding{
			"mail", "off: messages stay in the portal, and passwords are reset by certificate or at the counter", nil,
			"name the mail server in UNIREG_SMTP_ADDRESS where mail shall be sent",
		})
		return
	}
	sender, err := smtp.New(c.SMTP())
	if err != nil {
		return // the settings told
	}
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	err = sender.Probe(ctx)
	if err == nil {
		d.fine("mail", "%s lets us in", c.SMTPAddress)
		return
	}
	f := finding{"mail", "the mail server at " + c.SMTPAddress + " does not answer: messages and links wait, and are sent when it does", err, "start it, or correct UNIREG_SMTP_ADDRESS"}
	if fault, ok := errors.AsType[*smtp.Fault](err); ok {
		switch fault.Step {
		case smtp.StepTLS:
			f.sentence = "the mail server at " + c.SMTPAddress + " gives no connection that is safe from others"
			f.next = "correct UNIREG_SMTP_TLS, or give the server a certificate that this machine trusts"
		case smtp.StepAuth:
			f.sentence = "the mail server at " + c.SMTPAddress + " does not let this user in"
			f.next = "correct UNIREG_SMTP_USER and UNIREG_SMTP_PASSWORD"
		case smtp.StepConnect, smtp.StepRecipient, smtp.StepSend:
		}
	}
	d.fault(f)
}
