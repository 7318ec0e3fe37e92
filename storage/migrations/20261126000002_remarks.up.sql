-- What a bidder answers to a reviewer's remarks, by the remark's target; and the
-- phrases that reviewers have ready.

ALTER TABLE drafts ADD answers jsonb NOT NULL DEFAULT '{}';
ALTER TABLE commands ADD answers jsonb NOT NULL DEFAULT '{}'; -- frozen with a submit

CREATE TABLE review_phrases (
    id         uuid PRIMARY KEY,
    staff      uuid REFERENCES staff,     -- whose; null: everybody's
    kind       text NOT NULL DEFAULT '',  -- of record; '' for all
    text       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX review_phrases_once ON review_phrases (staff, kind, text) NULLS NOT DISTINCT;

INSERT INTO review_phrases (id, text, created_at) VALUES
    ('0c2b7d34-5a61-4f0e-8a51-1d6f3b6a0001', '附件不清晰，请重新上传', now()),
    ('0c2b7d34-5a61-4f0e-8a51-1d6f3b6a0002', '附件与填报内容不一致，请核对', now() + interval '1 microsecond'),
    ('0c2b7d34-5a61-4f0e-8a51-1d6f3b6a0003', '授权委托书缺少公章或签字', now() + interval '2 microseconds'),
    ('0c2b7d34-5a61-4f0e-8a51-1d6f3b6a0004', '证照已过期，请上传有效证照', now() + interval '3 microseconds');

GRANT SELECT, INSERT, UPDATE, DELETE ON review_phrases TO unireg_app;
