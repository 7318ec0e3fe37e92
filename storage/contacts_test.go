package storage_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// post carries letters nowhere: it keeps them, or fails.
type post struct {
	mu      sync.Mutex
	letters []storage.Letter
	fault   error
}

func (p *post) Carry(_ context.Context, l storage.Letter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault != nil {
		return p.fault
	}
	p.letters = append(p.letters, l)
	return nil
}

// carriers have everything carried by one.
func carriers(c storage.Carrier) map[storage.Channel]storage.Carrier {
	return map[storage.Channel]storage.Carrier{storage.ByEmail: c, storage.BySMS: c}
}

// carry has everything carried that is due, and answers what became of it.
func carry(t testing.TB, s *storage.Store, c storage.Carrier) []storage.Carried {
	t.Helper()
	var all []storage.Carried
	for {
		done, err := s.CarryNext(t.Context(), carriers(c))
		require.NoError(t, err)
		if done == nil {
			return all
		}
		all = append(all, *done)
	}
}

// take has everything carried that is due, and answers the letters.
func take(t testing.TB, s *storage.Store) []storage.Letter {
	t.Helper()
	p := &post{}
	carry(t, s, p)
	return p.letters
}

// alone is a desk with a database of its own, so that nobody else's letters are due.
func alone(t testing.TB) *desk {
	t.Helper()
	return newDeskOn(t, storagetest.Fresh(t))
}

func (d *desk) propose(t testing.TB, channel storage.Channel, address, code string) {
	t.Helper()
	require.NoError(t, d.ProposeContact(t.Context(), storage.NewContact{
		Account: d.account, Channel: channel, Address: address, Code: code, Language: "zh-CN",
	}))
}

// reached proves an address of the desk's account.
func (d *desk) reached(t testing.TB, address string) {
	t.Helper()
	d.propose(t, storage.ByEmail, address, "271828")
	d.verdict(t, "271828", storage.CodeRight)
	_, err := d.owner.NewRaw("UPDATE letters SET outcome = 'dropped', done_at = clock_timestamp(), sealed = NULL WHERE account = ? AND outcome = ''", d.account).Exec(t.Context())
	require.NoError(t, err)
}

func (d *desk) verdict(t testing.TB, code string, want storage.CodeVerdict) {
	t.Helper()
	got, err := d.VerifyContact(t.Context(), d.account, storage.ByEmail, code)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func (d *desk) contact(t testing.TB) storage.Contact {
	t.Helper()
	all, err := d.Contacts(t.Context(), d.account)
	require.NoError(t, err)
	return all[storage.ByEmail]
}

func TestB15_AnAddressProvesItselfByTheCodeThatWasSentThere(t *testing.T) {
	d := alone(t)
	ctx := t.Context()
	d.verdict(t, "123456", storage.CodeLate)
	d.propose(t, storage.ByEmail, "li@example.cn", "271828")
	require.Empty(t, d.contact(t).Address, "nothing but the code goes there yet")
	require.Equal(t, "li@example.cn", d.contact(t).Next)
	require.NoError(t, d.Notify(ctx, d.app, storage.Notification{Subject: d.subject.ID, Topic: storage.TopicApproved, Dedup: "before"}))
	letters := take(t, d.Store)
	require.Len(t, letters, 1)
	require.Equal(t, "271828", letters[0].Secret)
	require.Equal(t, "li@example.cn", letters[0].Address)
	require.Equal(t, storage.PurposeCode, letters[0].Purpose)

	d.verdict(t, "314159", storage.CodeWrong)
	d.verdict(t, "271828", storage.CodeRight)
	require.Equal(t, "li@example.cn", d.contact(t).Address)
	require.Empty(t, d.contact(t).Next)
	d.verdict(t, "271828", storage.CodeLate)
	require.Contains(t, d.topics(t), storage.TopicContactChanged)
	letters = take(t, d.Store)
	require.Len(t, letters, 1)
	require.Equal(t, storage.TopicContactChanged, letters[0].Items[0].Topic)

	t.Run("a code is tried five times at most", func(t *testing.T) {
		d.propose(t, storage.ByEmail, "wang@example.cn", "161803")
		for range 4 {
			d.verdict(t, "000000", storage.CodeWrong)
		}
		d.verdict(t, "000000", storage.CodeSpent)
		d.verdict(t, "161803", storage.CodeSpent)
		require.True(t, d.contact(t).NextSpent)
		require.Equal(t, "li@example.cn", d.contact(t).Address, "messages go where they went")
	})
	t.Run("a code that was sent again is the only one that serves", func(t *testing.T) {
		d.propose(t, storage.ByEmail, "wang@example.cn", "161803")
		d.propose(t, storage.ByEmail, "wang@example.cn", "577215")
		letters := take(t, d.Store)
		require.Len(t, letters, 1, "the first is not sent any more")
		require.Equal(t, "577215", letters[0].Secret)
		d.verdict(t, "161803", storage.CodeWrong)
	})
	t.Run("a code is over after a while", func(t *testing.T) {
		_, err := d.owner.NewRaw("UPDATE contacts SET code_expires_at = clock_timestamp() WHERE account = ?", d.account).Exec(ctx)
		require.NoError(t, err)
		d.verdict(t, "577215", storage.CodeLate)
	})
	t.Run("the address of before is told", func(t *testing.T) {
		d.propose(t, storage.ByEmail, "wang@example.cn", "141421")
		d.verdict(t, "141421", storage.CodeRight)
		told := map[string]storage.Purpose{}
		for _, l := range take(t, d.Store) {
			told[l.Address+" "+string(l.Purpose)] = l.Purpose
		}
		require.Contains(t, told, "li@example.cn changed")
		require.Contains(t, told, "wang@example.cn message")
	})
	t.Run("it is taken away, and told", func(t *testing.T) {
		removed, err := d.RemoveContact(ctx, d.account, storage.ByEmail)
		require.NoError(t, err)
		require.True(t, removed)
		removed, err = d.RemoveContact(ctx, d.account, storage.ByEmail)
		require.NoError(t, err)
		require.False(t, removed)
		letters := take(t, d.Store)
		require.Len(t, letters, 1)
		require.Equal(t, "wang@example.cn", letters[0].Address)
		require.Equal(t, storage.PurposeChanged, letters[0].Purpose)
	})
	d.verify(t)
}

// What is kept of an address is sealed, and what became of letters holds none.
func TestB15_AddressesAreKeptSealed(t *testing.T) {
	d := alone(t)
	ctx := t.Context()
	d.reached(t, "zhou@example.cn")
	d.propose(t, storage.ByEmail, "next@example.cn", "602214")
	require.NoError(t, d.AskReset(ctx, d.subject.Code, ""))
	read := func() string {
		var all strings.Builder
		for _, table := range []string{"contacts", "letters", "reset_requests", "events", "notifications", "throttles"} {
			var rows []string
			require.NoError(t, d.owner.NewRaw(fmt.Sprintf("SELECT x::text FROM %s x", table)).Scan(ctx, &rows))
			all.WriteString(strings.Join(rows, "\n"))
		}
		return all.String()
	}
	before := read()
	for _, secret := range []string{"zhou", "next@", "602214", d.subject.Code} {
		require.NotContains(t, before, secret)
		require.NotContains(t, before, fmt.Sprintf("%x", secret))
	}
	take(t, d.Store)
	var sealed int
	require.NoError(t, d.owner.NewRaw("SELECT count(*) FROM letters WHERE outcome <> '' AND sealed IS NOT NULL").Scan(ctx, &sealed))
	require.Zero(t, sealed, "what was sent is forgotten")

	t.Run("a sealed address opens in its own row only", func(t *testing.T) {
		other := newDeskOn(t, &storagetest.Database{App: d.app, Owner: d.owner})
		other.reached(t, "other@example.cn")
		_, err := d.owner.NewRaw("UPDATE contacts SET sealed = (SELECT sealed FROM contacts WHERE account = ?) WHERE account = ?", other.account, d.account).Exec(ctx)
		require.NoError(t, err)
		_, err = d.Contacts(ctx, d.account)
		require.Error(t, err)
	})
}

func TestB15_AnAccountLeavesAGroupByALinkAndNotWhatIsImportant(t *testing.T) {
	d := alone(t)
	ctx := t.Context()
	d.reached(t, "li@example.cn")
	require.NoError(t, d.ChooseGroups(ctx, d.account, storage.ByEmail, []storage.Group{storage.Progress, storage.Reminders, "unheard of"}, "en"))
	require.Equal(t, []storage.Group{storage.Reminders, storage.Progress}, d.contact(t).Groups)
	tell := func(topic string) []storage.Letter {
		t.Helper()
		require.NoError(t, d.Notify(ctx, d.app, storage.Notification{Subject: d.subject.ID, Topic: topic, Dedup: string(storage.NewID())}))
		return take(t, d.Store)
	}
	letters := tell(storage.TopicSubmitted)
	require.Len(t, letters, 1)
	require.Equal(t, "en", letters[0].Language)
	require.Len(t, letters[0].Leave, 1)
	link := letters[0].Leave[0]
	require.Equal(t, storage.Progress, link.Group)
	require.Empty(t, tell(storage.TopicApproved)[0].Leave, "what is important cannot be left")

	u, err := d.ReadLeaveToken(link.Token)
	require.NoError(t, err)
	require.Equal(t, storage.Subscription{Account: d.account, Channel: storage.ByEmail, Group: storage.Progress}, u)
	for range 2 {
		require.NoError(t, d.Unsubscribe(ctx, u), "twice is no error")
	}
	require.Equal(t, []storage.Group{storage.Reminders}, d.contact(t).Groups)
	require.Empty(t, tell(storage.TopicSubmitted))
	require.Len(t, tell(string(record.Return)), 1)
	require.Len(t, tell(storage.TopicCorrectRemind), 1)
	u.Group = storage.Important
	require.Equal(t, record.NotFound, record.CodeOf(d.Unsubscribe(ctx, u)))

	t.Run("nobody words a link", func(t *testing.T) {
		forged := []byte(link.Token)
		forged[len(forged)-3] ^= 1
		for _, token := range []string{"", "x", string(forged), link.Token[1:], link.Token + "AA", strings.Repeat("A", 5000), string(storage.NewID())} {
			_, err := d.ReadLeaveToken(token)
			require.Equal(t, record.NotFound, record.CodeOf(err), token)
		}
	})
	t.Run("without a contact there is nothing to choose", func(t *testing.T) {
		err := d.ChooseGroups(ctx, d.account, storage.BySMS, nil, "zh-CN")
		require.Equal(t, record.NotFound, record.CodeOf(err))
	})
}
