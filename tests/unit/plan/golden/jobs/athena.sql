DELETE FROM "shop_activation"."acks_people__mailer"
WHERE
  "epoch" = 7 AND "outcome" = 'running';

DELETE FROM "shop_activation"."entries"
WHERE
  (
    (
      "sync" = 'people__mailer' AND "epoch" = 7 AND "is_reserved"
    )
    AND NOT "identity" IN (
      SELECT
        "p"."identity"
      FROM "shop_activation"."plan_people__mailer" AS "p"
      JOIN "shop_activation"."acks_people__mailer" AS "a"
        ON "p"."epoch" = "a"."epoch" AND "p"."seq" = "a"."seq"
      WHERE
        (
          "p"."epoch" = 7 AND "a"."outcome" IN ('running')
        ) AND "p"."op" = 'add'
    )
  )
  AND NOT "identity" IN (
    SELECT
      "p"."identity"
    FROM "shop_activation"."plan_people__mailer" AS "p"
    JOIN "shop_activation"."acks_people__mailer" AS "a"
      ON "p"."epoch" = "a"."epoch" AND "p"."seq" = "a"."seq"
    WHERE
      (
        "p"."epoch" = 7 AND "a"."outcome" IN ('delivered', 'unknown', 'rejected_partial')
      )
      AND "p"."op" = 'add'
  );

UPDATE "shop_activation"."entries" SET "is_reserved" = FALSE
WHERE
  (
    "sync" = 'people__mailer' AND "epoch" = 7 AND "is_reserved"
  )
  AND NOT "identity" IN (
    SELECT
      "p"."identity"
    FROM "shop_activation"."plan_people__mailer" AS "p"
    JOIN "shop_activation"."acks_people__mailer" AS "a"
      ON "p"."epoch" = "a"."epoch" AND "p"."seq" = "a"."seq"
    WHERE
      (
        "p"."epoch" = 7 AND "a"."outcome" IN ('running')
      ) AND "p"."op" = 'add'
  );

DELETE FROM "shop_activation"."plan_people__mailer"
WHERE
  "epoch" = 7
  AND NOT "seq" IN (
    SELECT
      "seq"
    FROM "shop_activation"."acks_people__mailer"
    WHERE
      "epoch" = 7 AND "outcome" = 'running'
  );

DELETE FROM "shop_activation"."acks_people__mailer"
WHERE
  "epoch" = 7 AND "outcome" IS DISTINCT FROM 'running';

SELECT
  "seq",
  "code",
  "reason",
  "answered_at"
FROM "shop_activation"."acks_people__mailer"
WHERE
  "epoch" = 7 AND "outcome" = 'running';

SELECT
  "seq",
  "identity",
  "external_id"
FROM "shop_activation"."plan_people__mailer"
WHERE
  "epoch" = 7 AND "seq" >= 2 AND "seq" <= 3;

SELECT
  "p"."identity",
  "p"."op",
  "a"."code",
  "a"."answered_at"
FROM "shop_activation"."plan_people__mailer" AS "p"
JOIN "shop_activation"."acks_people__mailer" AS "a"
  ON "p"."epoch" = "a"."epoch" AND "p"."seq" = "a"."seq"
WHERE
  "a"."outcome" = 'running' AND "p"."identity" IN ('ann');
