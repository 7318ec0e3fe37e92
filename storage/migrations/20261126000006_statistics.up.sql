-- Statistics of the desk. review_facts is the one definition of what counts, on
-- which day and for whom; review_days keeps what it says of days that are over,
-- so that a year is read from days and not from filings.

ALTER TABLE review_tasks ADD answered_at timestamptz; -- when what closed the review was asked for; closed_at is when it took effect

UPDATE review_tasks t SET answered_at = coalesce(
    (SELECT c.accepted_at FROM commands c WHERE c.record = t.record AND c.move = t.decision AND c.done_at = t.closed_at LIMIT 1), t.closed_at)
WHERE t.closed_at IS NOT NULL;

CREATE INDEX review_tasks_opened_day ON review_tasks (((opened_at AT TIME ZONE 'Asia/Shanghai')::date));
CREATE INDEX review_tasks_answered_day ON review_tasks (((coalesce(answered_at, closed_at) AT TIME ZONE 'Asia/Shanghai')::date))
    WHERE closed_at IS NOT NULL;
CREATE INDEX review_tasks_waiting ON review_tasks (kind, region) INCLUDE (due_at) WHERE closed_at IS NULL;
CREATE INDEX commands_returned ON commands (accepted_at) WHERE move = 'return' AND applied;

-- The city of a region: of a municipality the whole, of a county run by its
-- province the county; '' where the region is not known.
CREATE FUNCTION review_city(region text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN left(region, 2) IN ('11', '12', '31', '50') THEN left(region, 2) || '0000'
        WHEN region = '' OR substr(region, 3, 2) = '90' THEN region
        ELSE left(region, 4) || '00'
    END
$$;

-- Each review is a fact on the day on which it was opened, and another on the day
-- on which what closed it was asked for. Time is counted in tenths of an hour,
-- rounded down, and in days between the two dates.
CREATE VIEW review_facts AS
SELECT (opened_at AT TIME ZONE 'Asia/Shanghai')::date AS day, kind, review_city(region) AS region, NULL::uuid AS staff, 'received' AS fact,
       false AS late, false AS fresh, false AS key_change, false AS sampled, NULL::integer AS tenths, NULL::integer AS days
FROM review_tasks
UNION ALL
SELECT (coalesce(answered_at, closed_at) AT TIME ZONE 'Asia/Shanghai')::date, kind, review_city(region), closed_by,
       CASE WHEN decision IN ('approve', 'return', 'confirm', 'reject') THEN decision ELSE 'withdrawn' END,
       coalesce(answered_at, closed_at) > due_at,
       stage = 'first' AND occasion IN ('first', 'change'),
       key_change, sampled,
       greatest(0, floor(extract(epoch FROM coalesce(answered_at, closed_at) - opened_at) / 360))::integer,
       (coalesce(answered_at, closed_at) AT TIME ZONE 'Asia/Shanghai')::date - (opened_at AT TIME ZONE 'Asia/Shanghai')::date
FROM review_tasks WHERE closed_at IS NOT NULL;

-- What a day came to, once by region and once by who decided. The durations are
-- those of its decisions, in no order but the same in both lists.
CREATE TABLE review_days (
    day       date NOT NULL,
    kind      text NOT NULL,
    region    text,                     -- null in the lines by staff
    staff     uuid REFERENCES staff,    -- null in the lines by region
    received  integer NOT NULL,
    approved  integer NOT NULL,
    returned  integer NOT NULL,
    confirmed integer NOT NULL,
    rejected  integer NOT NULL,
    withdrawn integer NOT NULL,
    late      integer NOT NULL,
    fresh     integer NOT NULL,
    passed    integer NOT NULL,
    key_changes integer NOT NULL,
    sampled   integer NOT NULL,
    tenths    text NOT NULL,            -- numbers with commas between them
    days      text NOT NULL,
    CHECK ((region IS NULL) <> (staff IS NULL))
);
CREATE INDEX review_days_region ON review_days (day) WHERE staff IS NULL;
CREATE INDEX review_days_staff ON review_days (staff, day) WHERE staff IS NOT NULL;

GRANT SELECT ON review_facts TO unireg_app;
GRANT SELECT, INSERT, DELETE ON review_days TO unireg_app;
