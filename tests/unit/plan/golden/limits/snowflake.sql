DROP TABLE IF EXISTS "ACTIVATION_HIGHER_1";

CREATE TEMPORARY TABLE "ACTIVATION_HIGHER_1" AS
SELECT
  CAST(NULL AS VARCHAR) AS "PERSON",
  0 AS "MODELS"
WHERE
  FALSE;

DROP TABLE IF EXISTS "ACTIVATION_JUDGED";

CREATE TEMPORARY TABLE "ACTIVATION_JUDGED" AS
WITH "JOINED" AS (
  SELECT
    "C"."IDENTITY" AS "IDENTITY",
    "C"."IS_WANTED" AS "IS_WANTED",
    "C"."IS_KNOWN" AS "IS_KNOWN",
    "C"."EXTERNAL_ID" AS "EXTERNAL_ID",
    "C"."EXTERNAL_KEY" AS "EXTERNAL_KEY",
    "C"."RELATED_ID" AS "RELATED_ID",
    "C"."REASON" AS "REASON",
    "C"."EVENT" AS "EVENT",
    "C"."OCCURRED_AT" AS "OCCURRED_AT",
    "C"."FINGERPRINT" AS "FINGERPRINT",
    COALESCE("S"."ENTRIES", 0) AS "ENTRIES",
    COALESCE("S"."IS_MEMBER", FALSE) AS "IS_MEMBER",
    COALESCE(COALESCE("S"."HAS_ENTERED", "S"."IS_MEMBER"), FALSE) AS "HAS_ENTERED",
    "S"."UNCONFIRMED" AS "UNCONFIRMED",
    "S"."ORIGIN_EPOCH" AS "ORIGIN_EPOCH",
    "S"."TO_REPEAT" AS "TO_REPEAT",
    "S"."EXTERNAL_ID" AS "OLD_EXTERNAL_ID",
    COALESCE(
      "S"."EXTERNAL_KEY",
      TRANSLATE(
        TRIM(
          COALESCE("S"."EXTERNAL_ID", "S"."IDENTITY"),
          '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
        ),
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
        'abcdefghijklmnopqrstuvwxyz'
      )
    ) AS "OLD_EXTERNAL_KEY",
    "S"."RELATED_ID" AS "OLD_RELATED_ID",
    "S"."TARGET_ID" AS "OLD_TARGET_ID"
  FROM "ACTIVATION_CANDIDATES" AS "C"
  LEFT JOIN "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
    ON "S"."IDENTITY" = "C"."IDENTITY"
  WHERE
    NOT EXISTS(
      SELECT
        1
      FROM "ACTIVATION_DUPLICATES" AS "U"
      WHERE
        "U"."IDENTITY" = "C"."IDENTITY"
    )
), "DECIDED" AS (
  SELECT
    "OP" AS "OP",
    "CAUSE" AS "CAUSE",
    "IDENTITY" AS "IDENTITY",
    CASE WHEN NOT "IS_WANTED" THEN "OLD_EXTERNAL_ID" ELSE "EXTERNAL_ID" END AS "EXTERNAL_ID",
    CASE WHEN NOT "IS_WANTED" THEN "OLD_EXTERNAL_KEY" ELSE "EXTERNAL_KEY" END AS "EXTERNAL_KEY",
    CASE WHEN NOT "IS_WANTED" THEN "OLD_RELATED_ID" ELSE "RELATED_ID" END AS "RELATED_ID",
    COALESCE(CASE WHEN NOT "IS_WANTED" THEN "OLD_TARGET_ID" ELSE 1 END, 1) AS "TARGET_ID",
    "REASON" AS "REASON",
    CASE
      WHEN NOT "IS_WANTED"
      THEN CASE
        WHEN (
          "HAS_ENTERED" OR "UNCONFIRMED" = 'remove'
        )
        THEN "ENTRIES"
        ELSE "ENTRIES" + 1
      END
      WHEN "OP" = 'add' AND NOT "HAS_ENTERED"
      THEN "ENTRIES" + 1
      WHEN "ENTRIES" = 0
      THEN 1
      ELSE "ENTRIES"
    END AS "TRANSITION",
    CASE
      WHEN (
        "HAS_ENTERED" OR "UNCONFIRMED" = 'remove'
      )
      THEN "ENTRIES"
      ELSE "ENTRIES" + 1
    END AS "LEAVING_TRANSITION",
    "OLD_EXTERNAL_ID" AS "OLD_EXTERNAL_ID",
    "OLD_EXTERNAL_KEY" AS "OLD_EXTERNAL_KEY",
    "OLD_TARGET_ID" AS "OLD_TARGET_ID",
    CASE WHEN NOT "UNCONFIRMED" IS NULL THEN COALESCE("ORIGIN_EPOCH", 7) ELSE 7 END AS "ORIGIN_EPOCH",
    "TO_REPEAT" AS "TO_REPEAT",
    CASE WHEN NOT "IS_WANTED" THEN NULL ELSE "FINGERPRINT" END AS "FINGERPRINT",
    "EVENT" AS "EVENT",
    "OCCURRED_AT" AS "OCCURRED_AT",
    TRUE AS "IS_QUIET",
    '' AS "CHANGED",
    '' AS "LEAVING_CHANGED",
    CAST(NULL AS TIMESTAMP) AS "EXPIRES_FROM",
    CAST(NULL AS VARCHAR) AS "ZONE",
    "UNCONFIRMED" AS "UNCONFIRMED",
    (
      "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
    ) AS "IS_HELD"
  FROM (
    SELECT
      *,
      CASE
        WHEN NOT "IS_WANTED"
        AND (
          (
            "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
          ) OR "HAS_ENTERED"
        )
        THEN 'remove'
        WHEN NOT "IS_WANTED"
        THEN 'same'
        WHEN NOT (
          "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
        ) AND "HAS_ENTERED"
        THEN 'add'
        WHEN NOT (
          "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
        ) AND "ENTRIES" > 0
        THEN 'add'
        WHEN NOT (
          "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
        )
        THEN 'add'
        WHEN (
          "EXTERNAL_KEY" IS DISTINCT FROM "OLD_EXTERNAL_KEY"
        )
        THEN 'add'
        WHEN "UNCONFIRMED" = 'remove'
        THEN 'add'
        WHEN "UNCONFIRMED" = 'add'
        THEN 'add'
        WHEN "UNCONFIRMED" = 'change'
        THEN 'change'
        WHEN FALSE
        THEN 'change'
        WHEN FALSE
        THEN 'change'
        ELSE 'same'
      END AS "OP",
      CASE
        WHEN NOT "IS_WANTED"
        AND (
          (
            "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
          ) OR "HAS_ENTERED"
        )
        THEN 'left'
        WHEN NOT "IS_WANTED"
        THEN 'same'
        WHEN NOT (
          "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
        ) AND "HAS_ENTERED"
        THEN 'moved'
        WHEN NOT (
          "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
        ) AND "ENTRIES" > 0
        THEN 'returned'
        WHEN NOT (
          "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
        )
        THEN 'new'
        WHEN (
          "EXTERNAL_KEY" IS DISTINCT FROM "OLD_EXTERNAL_KEY"
        )
        THEN 'moved'
        WHEN "UNCONFIRMED" = 'remove'
        THEN 'returned'
        WHEN "UNCONFIRMED" = 'add'
        THEN 'in doubt'
        WHEN "UNCONFIRMED" = 'change'
        THEN 'in doubt'
        WHEN FALSE
        THEN 'asserted'
        WHEN FALSE
        THEN 'changed'
        ELSE 'same'
      END AS "CAUSE"
    FROM "JOINED"
  ) AS "J"
)
SELECT
  "J".*,
  CASE
    WHEN "J"."WAITS_0"
    THEN 'cap'
    WHEN "J"."WAITS_1"
    THEN 'cadence'
    WHEN "J"."WAITS_2"
    THEN 'limit'
    ELSE CAST(NULL AS VARCHAR)
  END AS "WAITS_FOR"
FROM (
  SELECT
    "D".*,
    (
      NOT "D"."OP" = 'remove'
      AND COALESCE(
        (
          "D"."CAUSE" IN ('new', 'returned')
          AND ROW_NUMBER() OVER (
            PARTITION BY (
              "D"."CAUSE" IN ('new', 'returned') AND NOT (
                "D"."WAITS_0" OR "D"."WAITS_1"
              )
            )
            ORDER BY "D"."IDENTITY"
          ) > 3
        ),
        FALSE
      )
    ) AS "WAITS_2"
  FROM (
    SELECT
      "D".*,
      (
        NOT "D"."OP" = 'remove'
        AND COALESCE(
          (
            "D"."CAUSE" IN ('new', 'returned')
            AND (
              COALESCE("PACED_1"."ENTERED", 0) + (
                CASE
                  WHEN "KEPT_1"."SINCE" < CAST('2026-11-20 00:00:00.000001' AS TIMESTAMP)
                  THEN 0
                  ELSE COALESCE("HIGHER_1"."MODELS", 0)
                END
              ) + ROW_NUMBER() OVER (
                PARTITION BY CASE
                  WHEN "D"."IDENTITY" = ''
                  OR CHARINDEX(LEFT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
                  OR CHARINDEX(RIGHT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
                  THEN CASE
                    WHEN "D"."IDENTITY" LIKE '%@%'
                    THEN LOWER(
                      NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
                    )
                    ELSE NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
                  END
                  WHEN "D"."IDENTITY" LIKE '%@%'
                  THEN LOWER("D"."IDENTITY")
                  ELSE "D"."IDENTITY"
                END, (
                  "D"."CAUSE" IN ('new', 'returned') AND NOT (
                    "D"."WAITS_0"
                  )
                )
                ORDER BY "D"."OCCURRED_AT", "D"."IDENTITY"
              ) - 1
            ) >= 2
          ),
          FALSE
        )
      ) AS "WAITS_1"
    FROM (
      SELECT
        "D".*,
        (
          NOT "D"."OP" = 'remove'
          AND COALESCE(
            (
              "D"."CAUSE" IN ('new', 'returned')
              AND COALESCE("CAPPED"."ENTERED", 0) + ROW_NUMBER() OVER (
                PARTITION BY CASE
                  WHEN "D"."IDENTITY" = ''
                  OR CHARINDEX(LEFT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
                  OR CHARINDEX(RIGHT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
                  THEN CASE
                    WHEN "D"."IDENTITY" LIKE '%@%'
                    THEN LOWER(
                      NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
                    )
                    ELSE NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
                  END
                  WHEN "D"."IDENTITY" LIKE '%@%'
                  THEN LOWER("D"."IDENTITY")
                  ELSE "D"."IDENTITY"
                END, (
                  "D"."CAUSE" IN ('new', 'returned') AND NOT (
                    FALSE
                  )
                )
                ORDER BY "D"."OCCURRED_AT", "D"."IDENTITY"
              ) - 1 >= 2
            ),
            FALSE
          )
        ) AS "WAITS_0"
      FROM (
        SELECT
          *
        FROM "DECIDED"
        WHERE
          "OP" <> 'same'
      ) AS "D"
      LEFT JOIN (
        SELECT
          "N"."PERSON",
          COUNT(*) AS "ENTERED"
        FROM (
          SELECT
            CASE
              WHEN "PERSON" = ''
              OR CHARINDEX(LEFT("PERSON", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
              OR CHARINDEX(RIGHT("PERSON", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
              THEN CASE
                WHEN "PERSON" LIKE '%@%'
                THEN LOWER(NULLIF(TRIM("PERSON", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), ''))
                ELSE NULLIF(TRIM("PERSON", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
              END
              WHEN "PERSON" LIKE '%@%'
              THEN LOWER("PERSON")
              ELSE "PERSON"
            END AS "PERSON",
            "IDENTITY" AS "IDENTITY",
            "TRANSITION" AS "TRANSITION",
            "ENTERED_AT" AS "ENTERED_AT"
          FROM "SHOP_ACTIVATION"."ENTRIES"
          WHERE
            "SYNC" = 'people__mailer' AND NOT "IS_RESERVED" AND "FORGIVEN_AT" IS NULL
        ) AS "N"
        WHERE
          "N"."ENTERED_AT" >= CAST('2026-11-14 23:00:00.000000' AS TIMESTAMP)
        GROUP BY
          "N"."PERSON"
      ) AS "CAPPED"
        ON "CAPPED"."PERSON" = CASE
          WHEN "D"."IDENTITY" = ''
          OR CHARINDEX(LEFT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
          OR CHARINDEX(RIGHT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
          THEN CASE
            WHEN "D"."IDENTITY" LIKE '%@%'
            THEN LOWER(
              NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
            )
            ELSE NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
          END
          WHEN "D"."IDENTITY" LIKE '%@%'
          THEN LOWER("D"."IDENTITY")
          ELSE "D"."IDENTITY"
        END
    ) AS "D"
    LEFT JOIN (
      SELECT
        *
      FROM "ACTIVATION_HIGHER_1"
    ) AS "HIGHER_1"
      ON "HIGHER_1"."PERSON" = CASE
        WHEN "D"."IDENTITY" = ''
        OR CHARINDEX(LEFT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
        OR CHARINDEX(RIGHT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
        THEN CASE
          WHEN "D"."IDENTITY" LIKE '%@%'
          THEN LOWER(
            NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
          )
          ELSE NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
        END
        WHEN "D"."IDENTITY" LIKE '%@%'
        THEN LOWER("D"."IDENTITY")
        ELSE "D"."IDENTITY"
      END
    LEFT JOIN (
      SELECT
        "PERSON",
        SUM("N") AS "ENTERED"
      FROM (
        SELECT
          "PERSON",
          "MODEL",
          MAX("N") AS "N"
        FROM (
          SELECT
            "PERSON",
            "MODEL",
            "SYNC",
            COUNT(*) AS "N"
          FROM (
            SELECT
              *
            FROM (
              SELECT
                CASE
                  WHEN "PERSON" = ''
                  OR CHARINDEX(LEFT("PERSON", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
                  OR CHARINDEX(RIGHT("PERSON", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
                  THEN CASE
                    WHEN "PERSON" LIKE '%@%'
                    THEN LOWER(NULLIF(TRIM("PERSON", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), ''))
                    ELSE NULLIF(TRIM("PERSON", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
                  END
                  WHEN "PERSON" LIKE '%@%'
                  THEN LOWER("PERSON")
                  ELSE "PERSON"
                END AS "PERSON",
                "SYNC" AS "SYNC",
                "ENTERED_AT" AS "ENTERED_AT",
                CASE
                  WHEN "SYNC" IN ('others__mailer')
                  THEN 'others'
                  WHEN "SYNC" IN ('people__mailer')
                  THEN 'people'
                  ELSE CAST(NULL AS VARCHAR)
                END AS "MODEL"
              FROM "SHOP_ACTIVATION"."ENTRIES"
              WHERE
                "SYNC" IN ('others__mailer', 'people__mailer')
                AND "FORGIVEN_AT" IS NULL
                AND NOT (
                  "SYNC" = 'people__mailer' AND "IS_RESERVED"
                )
            ) AS "E"
            WHERE
              "ENTERED_AT" >= CAST('2026-11-14 23:00:00.000000' AS TIMESTAMP)
          ) AS "W"
          GROUP BY
            "PERSON",
            "MODEL",
            "SYNC"
        ) AS "T"
        GROUP BY
          "PERSON",
          "MODEL"
      ) AS "S"
      GROUP BY
        "PERSON"
    ) AS "PACED_1"
      ON "PACED_1"."PERSON" = CASE
        WHEN "D"."IDENTITY" = ''
        OR CHARINDEX(LEFT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
        OR CHARINDEX(RIGHT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
        THEN CASE
          WHEN "D"."IDENTITY" LIKE '%@%'
          THEN LOWER(
            NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
          )
          ELSE NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
        END
        WHEN "D"."IDENTITY" LIKE '%@%'
        THEN LOWER("D"."IDENTITY")
        ELSE "D"."IDENTITY"
      END
    LEFT JOIN (
      SELECT
        "IDENTITY",
        "SINCE"
      FROM "SHOP_ACTIVATION"."WAITING"
      WHERE
        "SYNC" = 'people__mailer' AND "REASON" = 'cadence promo'
    ) AS "KEPT_1"
      ON "KEPT_1"."IDENTITY" = "D"."IDENTITY"
  ) AS "D"
) AS "J";

CREATE TEMPORARY TABLE "ACTIVATION_PLANNED" AS
SELECT
  "OP",
  "CAUSE",
  "IDENTITY",
  "EXTERNAL_ID",
  "EXTERNAL_KEY",
  "RELATED_ID",
  "TARGET_ID",
  "REASON",
  "TRANSITION",
  "ORIGIN_EPOCH",
  "TO_REPEAT",
  "FINGERPRINT",
  "EVENT",
  "OCCURRED_AT",
  "IS_QUIET",
  "CHANGED",
  "EXPIRES_FROM",
  "ZONE"
FROM "ACTIVATION_JUDGED"
WHERE
  "WAITS_FOR" IS NULL
UNION ALL
SELECT
  'remove' AS "OP",
  "CAUSE" AS "CAUSE",
  "IDENTITY" AS "IDENTITY",
  "OLD_EXTERNAL_ID" AS "EXTERNAL_ID",
  "OLD_EXTERNAL_KEY" AS "EXTERNAL_KEY",
  "RELATED_ID" AS "RELATED_ID",
  "OLD_TARGET_ID" AS "TARGET_ID",
  "REASON" AS "REASON",
  "LEAVING_TRANSITION" AS "TRANSITION",
  "ORIGIN_EPOCH" AS "ORIGIN_EPOCH",
  "TO_REPEAT" AS "TO_REPEAT",
  NULL AS "FINGERPRINT",
  "EVENT" AS "EVENT",
  "OCCURRED_AT" AS "OCCURRED_AT",
  FALSE AS "IS_QUIET",
  "LEAVING_CHANGED" AS "CHANGED",
  "EXPIRES_FROM" AS "EXPIRES_FROM",
  "ZONE" AS "ZONE"
FROM "ACTIVATION_JUDGED"
WHERE
  "CAUSE" = 'moved' AND "IS_HELD"
UNION ALL
SELECT
  'remove' AS "OP",
  'left' AS "CAUSE",
  "IDENTITY" AS "IDENTITY",
  "OLD_EXTERNAL_ID" AS "EXTERNAL_ID",
  "OLD_EXTERNAL_KEY" AS "EXTERNAL_KEY",
  "RELATED_ID" AS "RELATED_ID",
  COALESCE("OLD_TARGET_ID", 1) AS "TARGET_ID",
  "REASON" AS "REASON",
  "LEAVING_TRANSITION" AS "TRANSITION",
  "ORIGIN_EPOCH" AS "ORIGIN_EPOCH",
  "TO_REPEAT" AS "TO_REPEAT",
  NULL AS "FINGERPRINT",
  "EVENT" AS "EVENT",
  "OCCURRED_AT" AS "OCCURRED_AT",
  FALSE AS "IS_QUIET",
  "LEAVING_CHANGED" AS "CHANGED",
  "EXPIRES_FROM" AS "EXPIRES_FROM",
  "ZONE" AS "ZONE"
FROM "ACTIVATION_JUDGED"
WHERE
  NOT "WAITS_FOR" IS NULL AND "UNCONFIRMED" = 'remove';

SELECT
  "WAITS_FOR",
  COUNT(*)
FROM "ACTIVATION_JUDGED"
WHERE
  NOT "WAITS_FOR" IS NULL
GROUP BY
  "WAITS_FOR";

INSERT INTO "SHOP_ACTIVATION"."ENTRIES" (
  "SYNC",
  "PERSON",
  "IDENTITY",
  "TRANSITION",
  "ENTERED_AT",
  "EPOCH",
  "IS_RESERVED"
)
SELECT
  'people__mailer' AS "SYNC",
  "N"."PERSON" AS "PERSON",
  "N"."IDENTITY" AS "IDENTITY",
  "N"."TRANSITION" AS "TRANSITION",
  CAST('2026-11-21 12:00:00.000000' AS TIMESTAMP) AS "ENTERED_AT",
  7 AS "EPOCH",
  TRUE AS "IS_RESERVED"
FROM (
  SELECT
    CASE
      WHEN "IDENTITY" = ''
      OR CHARINDEX(LEFT("IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
      OR CHARINDEX(RIGHT("IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
      THEN CASE
        WHEN "IDENTITY" LIKE '%@%'
        THEN LOWER(
          NULLIF(TRIM("IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
        )
        ELSE NULLIF(TRIM("IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
      END
      WHEN "IDENTITY" LIKE '%@%'
      THEN LOWER("IDENTITY")
      ELSE "IDENTITY"
    END AS "PERSON",
    "IDENTITY" AS "IDENTITY",
    "TRANSITION" AS "TRANSITION",
    "CAUSE" = 'in doubt' AS "IS_AGAIN"
  FROM "ACTIVATION_JUDGED"
  WHERE
    (
      "WAITS_FOR" IS NULL AND "CAUSE" IN ('new', 'returned', 'in doubt')
    )
    AND "OP" = 'add'
) AS "N"
WHERE
  NOT EXISTS(
    SELECT
      1
    FROM "SHOP_ACTIVATION"."ENTRIES" AS "T"
    WHERE
      "T"."SYNC" = 'people__mailer'
      AND "T"."IDENTITY" = "N"."IDENTITY"
      AND (
        (
          "N"."IS_AGAIN" AND "T"."TRANSITION" = "N"."TRANSITION"
        ) OR "T"."EPOCH" = 7
      )
  );

DELETE FROM "SHOP_ACTIVATION"."WAITING"
WHERE
  (
    "SYNC" = 'people__mailer' AND "REASON" = 'cadence promo'
  )
  AND NOT "IDENTITY" IN (
    SELECT
      "D"."IDENTITY"
    FROM "ACTIVATION_JUDGED" AS "D"
    LEFT JOIN (
      SELECT
        *
      FROM "ACTIVATION_HIGHER_1"
    ) AS "HIGHER_1"
      ON "HIGHER_1"."PERSON" = CASE
        WHEN "D"."IDENTITY" = ''
        OR CHARINDEX(LEFT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
        OR CHARINDEX(RIGHT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
        THEN CASE
          WHEN "D"."IDENTITY" LIKE '%@%'
          THEN LOWER(
            NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
          )
          ELSE NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
        END
        WHEN "D"."IDENTITY" LIKE '%@%'
        THEN LOWER("D"."IDENTITY")
        ELSE "D"."IDENTITY"
      END
    LEFT JOIN (
      SELECT
        "PERSON",
        SUM("N") AS "ENTERED"
      FROM (
        SELECT
          "PERSON",
          "MODEL",
          MAX("N") AS "N"
        FROM (
          SELECT
            "PERSON",
            "MODEL",
            "SYNC",
            COUNT(*) AS "N"
          FROM (
            SELECT
              *
            FROM (
              SELECT
                CASE
                  WHEN "PERSON" = ''
                  OR CHARINDEX(LEFT("PERSON", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
                  OR CHARINDEX(RIGHT("PERSON", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
                  THEN CASE
                    WHEN "PERSON" LIKE '%@%'
                    THEN LOWER(NULLIF(TRIM("PERSON", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), ''))
                    ELSE NULLIF(TRIM("PERSON", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
                  END
                  WHEN "PERSON" LIKE '%@%'
                  THEN LOWER("PERSON")
                  ELSE "PERSON"
                END AS "PERSON",
                "SYNC" AS "SYNC",
                "ENTERED_AT" AS "ENTERED_AT",
                CASE
                  WHEN "SYNC" IN ('others__mailer')
                  THEN 'others'
                  WHEN "SYNC" IN ('people__mailer')
                  THEN 'people'
                  ELSE CAST(NULL AS VARCHAR)
                END AS "MODEL"
              FROM "SHOP_ACTIVATION"."ENTRIES"
              WHERE
                "SYNC" IN ('others__mailer', 'people__mailer')
                AND "FORGIVEN_AT" IS NULL
                AND NOT (
                  "SYNC" = 'people__mailer' AND "IS_RESERVED"
                )
            ) AS "E"
            WHERE
              "ENTERED_AT" >= CAST('2026-11-14 23:00:00.000000' AS TIMESTAMP)
          ) AS "W"
          GROUP BY
            "PERSON",
            "MODEL",
            "SYNC"
        ) AS "T"
        GROUP BY
          "PERSON",
          "MODEL"
      ) AS "S"
      GROUP BY
        "PERSON"
    ) AS "PACED_1"
      ON "PACED_1"."PERSON" = CASE
        WHEN "D"."IDENTITY" = ''
        OR CHARINDEX(LEFT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
        OR CHARINDEX(RIGHT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
        THEN CASE
          WHEN "D"."IDENTITY" LIKE '%@%'
          THEN LOWER(
            NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
          )
          ELSE NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
        END
        WHEN "D"."IDENTITY" LIKE '%@%'
        THEN LOWER("D"."IDENTITY")
        ELSE "D"."IDENTITY"
      END
    LEFT JOIN (
      SELECT
        "IDENTITY",
        "SINCE"
      FROM "SHOP_ACTIVATION"."WAITING"
      WHERE
        "SYNC" = 'people__mailer' AND "REASON" = 'cadence promo'
    ) AS "KEPT_1"
      ON "KEPT_1"."IDENTITY" = "D"."IDENTITY"
    WHERE
      "D"."CAUSE" IN ('new', 'returned')
      AND NOT (
        (
          COALESCE("PACED_1"."ENTERED", 0) + 0
        ) >= 2
      )
      AND (
        COALESCE("PACED_1"."ENTERED", 0) + COALESCE("HIGHER_1"."MODELS", 0)
      ) >= 2
  );

INSERT INTO "SHOP_ACTIVATION"."WAITING" (
  "SYNC",
  "IDENTITY",
  "REASON",
  "SINCE"
)
SELECT
  'people__mailer',
  "K"."IDENTITY",
  'cadence promo',
  CAST('2026-11-21 12:00:00.000000' AS TIMESTAMP)
FROM (
  SELECT
    "D"."IDENTITY"
  FROM "ACTIVATION_JUDGED" AS "D"
  LEFT JOIN (
    SELECT
      *
    FROM "ACTIVATION_HIGHER_1"
  ) AS "HIGHER_1"
    ON "HIGHER_1"."PERSON" = CASE
      WHEN "D"."IDENTITY" = ''
      OR CHARINDEX(LEFT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
      OR CHARINDEX(RIGHT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
      THEN CASE
        WHEN "D"."IDENTITY" LIKE '%@%'
        THEN LOWER(
          NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
        )
        ELSE NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
      END
      WHEN "D"."IDENTITY" LIKE '%@%'
      THEN LOWER("D"."IDENTITY")
      ELSE "D"."IDENTITY"
    END
  LEFT JOIN (
    SELECT
      "PERSON",
      SUM("N") AS "ENTERED"
    FROM (
      SELECT
        "PERSON",
        "MODEL",
        MAX("N") AS "N"
      FROM (
        SELECT
          "PERSON",
          "MODEL",
          "SYNC",
          COUNT(*) AS "N"
        FROM (
          SELECT
            *
          FROM (
            SELECT
              CASE
                WHEN "PERSON" = ''
                OR CHARINDEX(LEFT("PERSON", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
                OR CHARINDEX(RIGHT("PERSON", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
                THEN CASE
                  WHEN "PERSON" LIKE '%@%'
                  THEN LOWER(NULLIF(TRIM("PERSON", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), ''))
                  ELSE NULLIF(TRIM("PERSON", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
                END
                WHEN "PERSON" LIKE '%@%'
                THEN LOWER("PERSON")
                ELSE "PERSON"
              END AS "PERSON",
              "SYNC" AS "SYNC",
              "ENTERED_AT" AS "ENTERED_AT",
              CASE
                WHEN "SYNC" IN ('others__mailer')
                THEN 'others'
                WHEN "SYNC" IN ('people__mailer')
                THEN 'people'
                ELSE CAST(NULL AS VARCHAR)
              END AS "MODEL"
            FROM "SHOP_ACTIVATION"."ENTRIES"
            WHERE
              "SYNC" IN ('others__mailer', 'people__mailer')
              AND "FORGIVEN_AT" IS NULL
              AND NOT (
                "SYNC" = 'people__mailer' AND "IS_RESERVED"
              )
          ) AS "E"
          WHERE
            "ENTERED_AT" >= CAST('2026-11-14 23:00:00.000000' AS TIMESTAMP)
        ) AS "W"
        GROUP BY
          "PERSON",
          "MODEL",
          "SYNC"
      ) AS "T"
      GROUP BY
        "PERSON",
        "MODEL"
    ) AS "S"
    GROUP BY
      "PERSON"
  ) AS "PACED_1"
    ON "PACED_1"."PERSON" = CASE
      WHEN "D"."IDENTITY" = ''
      OR CHARINDEX(LEFT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
      OR CHARINDEX(RIGHT("D"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
      THEN CASE
        WHEN "D"."IDENTITY" LIKE '%@%'
        THEN LOWER(
          NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
        )
        ELSE NULLIF(TRIM("D"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
      END
      WHEN "D"."IDENTITY" LIKE '%@%'
      THEN LOWER("D"."IDENTITY")
      ELSE "D"."IDENTITY"
    END
  LEFT JOIN (
    SELECT
      "IDENTITY",
      "SINCE"
    FROM "SHOP_ACTIVATION"."WAITING"
    WHERE
      "SYNC" = 'people__mailer' AND "REASON" = 'cadence promo'
  ) AS "KEPT_1"
    ON "KEPT_1"."IDENTITY" = "D"."IDENTITY"
  WHERE
    "D"."CAUSE" IN ('new', 'returned')
    AND NOT (
      (
        COALESCE("PACED_1"."ENTERED", 0) + 0
      ) >= 2
    )
    AND (
      COALESCE("PACED_1"."ENTERED", 0) + COALESCE("HIGHER_1"."MODELS", 0)
    ) >= 2
) AS "K"
WHERE
  NOT "K"."IDENTITY" IN (
    SELECT
      "IDENTITY"
    FROM "SHOP_ACTIVATION"."WAITING"
    WHERE
      "SYNC" = 'people__mailer' AND "REASON" = 'cadence promo'
  );

MERGE INTO "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "T"
USING (
  SELECT
    "C"."IDENTITY" AS "IDENTITY",
    "C"."FINGERPRINT" AS "FINGERPRINT",
    1 AS "TARGET_ID"
  FROM "ACTIVATION_CANDIDATES" AS "C"
  WHERE
    (
      "C"."IS_WANTED"
      AND "C"."IS_KNOWN"
      AND NOT EXISTS(
        SELECT
          1
        FROM "ACTIVATION_JUDGED" AS "P"
        WHERE
          "P"."IDENTITY" = "C"."IDENTITY"
      )
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM "ACTIVATION_DUPLICATES" AS "U"
      WHERE
        "U"."IDENTITY" = "C"."IDENTITY"
    )
) AS "N"
ON "T"."IDENTITY" = "N"."IDENTITY"
WHEN MATCHED THEN UPDATE SET
  "FINGERPRINT" = "N"."FINGERPRINT",
  "TARGET_ID" = "N"."TARGET_ID";

UPDATE "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" SET "ATTEMPTED" = NULL, "ATTEMPTED_OP" = NULL
WHERE
  NOT "ATTEMPTED_OP" IS NULL
  AND "UNCONFIRMED" IS NULL
  AND NOT "IDENTITY" IN (
    SELECT
      "IDENTITY"
    FROM "ACTIVATION_JUDGED"
  );

DELETE FROM "SHOP_ACTIVATION"."ENTRIES"
WHERE
  (
    "SYNC" = 'people__mailer' AND "EPOCH" = 7 AND "IS_RESERVED"
  )
  AND NOT "IDENTITY" IN (
    SELECT
      "P"."IDENTITY"
    FROM "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER" AS "P"
    JOIN "SHOP_ACTIVATION"."ACKS_PEOPLE__MAILER" AS "A"
      ON "P"."EPOCH" = "A"."EPOCH" AND "P"."SEQ" = "A"."SEQ"
    WHERE
      (
        "P"."EPOCH" = 7 AND "A"."OUTCOME" IN ('delivered', 'unknown', 'rejected_partial')
      )
      AND "P"."OP" = 'add'
  );

UPDATE "SHOP_ACTIVATION"."ENTRIES" SET "IS_RESERVED" = FALSE
WHERE
  "SYNC" = 'people__mailer' AND "EPOCH" = 7 AND "IS_RESERVED";
