package view

import (
	"unireg/record/form"
	"unireg/web/words"
)

// Contact is where an account's messages go on one channel. Addresses are masked.
type Contact struct {
	Path    string // of its page; POST below it changes it
	Name    string // 邮箱, 手机号码
	SMS     bool
	Address string // "" before one was verified
	Failed  bool   // the address is refused for good

	Next      string // address that has yet to prove itself; "" for none
	NextState Tag
	Open      bool // its code may be typed

	Always  ContactGroup
	Groups  []ContactGroup
	English bool // its messages are in English
}

// ContactGroup is a group of messages.
type ContactGroup struct {
	Name   string
	Label  string
	Text   string // what is in it
	Chosen bool
}

// ContactsModel is 通知方式. A contact posts groups, as often as there are, and
// language to PATH/groups, and nothing to PATH/remove.
type ContactsModel struct {
	Contacts []Contact
	Mail     bool // links that set a password go by mail
}

// ContactModel is where one address is set. It posts address and
// current_password to the contact's path, and code to PATH/verify.
type ContactModel struct {
	Contact

	Typed    string
	ByKey    bool // the present password is not asked for
	Minutes  int  // that a code serves
	Problems []form.Problem
}

// icon is the picture of the channel.
func (c Contact) icon() Icon {
	if c.SMS {
		return IconPhone
	}
	return IconMail
}

// contactTitle is the id of a contact's heading.
func contactTitle(c Contact) string {
	if c.SMS {
		return "contact-sms"
	}
	return "contact-email"
}

// chineseName is what Chinese calls itself, in every language.
func chineseName() string { return words.Chinese.Name() }

// verb says what the link to the contact's page does.
func (c Contact) verb() string {
	switch {
	case c.Open:
		return "输入验证码"
	case c.Address == "":
		return "设置"
	}
	return "更改"
}

// ForgotModel is 忘记密码. It posts account, member and proof to /forgot.
type ForgotModel struct {
	Account  string
	Member   string
	Asked    bool // the answer to everybody who asked
	Mail     bool // links go by mail
	Minutes  int  // that a link serves
	Problems []form.Problem
}

// scripts are needed only where there is something to ask.
func (m ForgotModel) scripts() []string {
	if m.Mail && !m.Asked {
		return []string{"proof.js"}
	}
	return nil
}

// UnsubscribeModel ends a group of messages by the link of a mail. It posts
// nothing to Action.
type UnsubscribeModel struct {
	Action string
	Done   bool
	Group  string
	Text   string // what is in the group
}
