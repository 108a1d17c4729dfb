SELECT
  COUNT(*),
  SUM("FINGERPRINT"),
  SUM(CASE WHEN NOT "FINGERPRINT" IS NULL THEN HASH("FINGERPRINT") ELSE NULL END),
  COALESCE(SUM(CASE WHEN "DETAIL" = 'unidentified' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "DETAIL" = 'address-missing' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "DETAIL" = 'outranked' THEN 1 ELSE 0 END), 0)
FROM (
  SELECT
    "R".*,
    CASE
      WHEN "R"."DETAIL" = 'unidentified'
      THEN 'invalid'
      WHEN "R"."DETAIL" = 'address-missing'
      THEN 'invalid'
      WHEN "R"."DETAIL" = 'outranked'
      THEN 'outranked'
      ELSE CAST(NULL AS VARCHAR)
    END AS "FATE",
    CASE
      WHEN NOT "R"."DETAIL" IS NULL
      THEN NULL
      ELSE HASH(
        CAST('3;snowflake 1;95b637599bea5f1815ee067376efb95b' AS VARCHAR),
        "R"."IDENTITY",
        "R"."EXTERNAL_KEY"
      )
    END AS "FINGERPRINT"
  FROM (
    SELECT
      "R".*,
      CASE
        WHEN "R"."IDENTITY" IS NULL
        THEN 'unidentified'
        WHEN "R"."EXTERNAL_KEY" IS NULL
        THEN 'address-missing'
        WHEN NOT "OUTRANKING"."PERSON" IS NULL
        THEN 'outranked'
        ELSE CAST(NULL AS VARCHAR)
      END AS "DETAIL"
    FROM (
      SELECT
        CASE
          WHEN CAST("M"."ID" AS VARCHAR) = ''
          OR CAST("M"."ID" AS VARCHAR) LIKE ' %'
          OR CAST("M"."ID" AS VARCHAR) LIKE '% '
          THEN NULLIF(TRIM(CAST("M"."ID" AS VARCHAR)), '')
          ELSE CAST("M"."ID" AS VARCHAR)
        END AS "IDENTITY",
        TRANSLATE(
          TRIM(
            CASE
              WHEN CAST("M"."EMAIL" AS VARCHAR) = ''
              OR CAST("M"."EMAIL" AS VARCHAR) LIKE ' %'
              OR CAST("M"."EMAIL" AS VARCHAR) LIKE '% '
              THEN NULLIF(TRIM(CAST("M"."EMAIL" AS VARCHAR)), '')
              ELSE CAST("M"."EMAIL" AS VARCHAR)
            END,
            '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
          ),
          'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
          'abcdefghijklmnopqrstuvwxyz'
        ) AS "EXTERNAL_KEY",
        CASE
          WHEN CAST("M"."EMAIL" AS VARCHAR) = ''
          OR CAST("M"."EMAIL" AS VARCHAR) LIKE ' %'
          OR CAST("M"."EMAIL" AS VARCHAR) LIKE '% '
          THEN NULLIF(TRIM(CAST("M"."EMAIL" AS VARCHAR)), '')
          ELSE CAST("M"."EMAIL" AS VARCHAR)
        END AS "EXTERNAL_ID",
        CAST(NULL AS VARCHAR) AS "RELATED_ID",
        CAST(NULL AS VARCHAR) AS "REASON",
        CAST(NULL AS VARCHAR) AS "EVENT",
        CAST(NULL AS TIMESTAMP) AS "OCCURRED_AT",
        CASE
          WHEN CAST("M"."ID" AS VARCHAR) = ''
          OR CHARINDEX(
            LEFT(CAST("M"."ID" AS VARCHAR), 1),
            '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'
          ) > 0
          OR CHARINDEX(
            RIGHT(CAST("M"."ID" AS VARCHAR), 1),
            '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'
          ) > 0
          THEN CASE
            WHEN CAST("M"."ID" AS VARCHAR) LIKE '%@%'
            THEN LOWER(
              NULLIF(
                TRIM(CAST("M"."ID" AS VARCHAR), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'),
                ''
              )
            )
            ELSE NULLIF(
              TRIM(CAST("M"."ID" AS VARCHAR), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'),
              ''
            )
          END
          WHEN CAST("M"."ID" AS VARCHAR) LIKE '%@%'
          THEN LOWER(CAST("M"."ID" AS VARCHAR))
          ELSE CAST("M"."ID" AS VARCHAR)
        END AS "GROUP_PERSON"
      FROM "SHOP"."PEOPLE" AS "M"
    ) AS "R"
    LEFT JOIN (
      SELECT
        "PERSON",
        MIN("PRIORITY") AS "PRIORITY"
      FROM (
        SELECT
          "P"."PERSON",
          1 AS "PRIORITY"
        FROM (
          SELECT
            CASE
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
            END AS "PERSON"
          FROM (
            SELECT
              "G"."IDENTITY",
              'add' AS "OP",
              'new' AS "CAUSE"
            FROM (
              SELECT
                "R"."IDENTITY",
                COALESCE((
                  "R"."IDENTITY" IS NULL OR "R"."EXTERNAL_KEY" IS NULL
                ), FALSE) AS "IS_HELD",
                COUNT("R"."IDENTITY") OVER (PARTITION BY "R"."IDENTITY") AS "BY_IDENTITY",
                COUNT("R"."EXTERNAL_KEY") OVER (PARTITION BY "R"."EXTERNAL_KEY") AS "BY_EXTERNAL_KEY"
              FROM (
                SELECT
                  CASE
                    WHEN CAST("M"."ID" AS VARCHAR) = ''
                    OR CAST("M"."ID" AS VARCHAR) LIKE ' %'
                    OR CAST("M"."ID" AS VARCHAR) LIKE '% '
                    THEN NULLIF(TRIM(CAST("M"."ID" AS VARCHAR)), '')
                    ELSE CAST("M"."ID" AS VARCHAR)
                  END AS "IDENTITY",
                  TRANSLATE(
                    TRIM(
                      CASE
                        WHEN CAST("M"."EMAIL" AS VARCHAR) = ''
                        OR CAST("M"."EMAIL" AS VARCHAR) LIKE ' %'
                        OR CAST("M"."EMAIL" AS VARCHAR) LIKE '% '
                        THEN NULLIF(TRIM(CAST("M"."EMAIL" AS VARCHAR)), '')
                        ELSE CAST("M"."EMAIL" AS VARCHAR)
                      END,
                      '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
                    ),
                    'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
                    'abcdefghijklmnopqrstuvwxyz'
                  ) AS "EXTERNAL_KEY",
                  CASE
                    WHEN CAST("M"."EMAIL" AS VARCHAR) = ''
                    OR CAST("M"."EMAIL" AS VARCHAR) LIKE ' %'
                    OR CAST("M"."EMAIL" AS VARCHAR) LIKE '% '
                    THEN NULLIF(TRIM(CAST("M"."EMAIL" AS VARCHAR)), '')
                    ELSE CAST("M"."EMAIL" AS VARCHAR)
                  END AS "EXTERNAL_ID",
                  CAST(NULL AS VARCHAR) AS "RELATED_ID",
                  CAST(NULL AS VARCHAR) AS "REASON",
                  CAST(NULL AS VARCHAR) AS "EVENT",
                  CAST(NULL AS TIMESTAMP) AS "OCCURRED_AT"
                FROM "SHOP"."OTHERS" AS "M"
              ) AS "R"
              WHERE
                NOT "R"."IDENTITY" IS NULL
            ) AS "G"
            WHERE
              NOT "G"."IS_HELD" AND "G"."BY_IDENTITY" = 1 AND "G"."BY_EXTERNAL_KEY" = 1
          ) AS "D"
          LEFT JOIN (
            SELECT DISTINCT
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
              END AS "PERSON"
            FROM (
              SELECT DISTINCT
                "IDENTITY"
              FROM (
                SELECT
                  "IDENTITY"
                FROM "SHOP_ACTIVATION"."SNAPSHOT_OTHERS__MAILER"
                WHERE
                  (
                    (
                      "IS_MEMBER" AND NOT COALESCE("UNCONFIRMED" = 'remove', FALSE)
                    )
                    OR "UNCONFIRMED" = 'add'
                  )
                UNION
                SELECT
                  "IDENTITY"
                FROM "SHOP_ACTIVATION"."ENTRIES"
                WHERE
                  "SYNC" IN ('others__mailer') AND "IS_RESERVED"
              ) AS "I"
            ) AS "R"
          ) AS "SEAT"
            ON "SEAT"."PERSON" = CASE
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
          WHERE
            (
              NOT (
                COALESCE((
                  "D"."CAUSE" IN ('new', 'returned') AND 0 >= 2
                ), FALSE)
              )
              OR NOT "SEAT"."PERSON" IS NULL
            )
        ) AS "P"
      ) AS "H"
      GROUP BY
        "PERSON"
    ) AS "OUTRANKING"
      ON "OUTRANKING"."PERSON" = "R"."GROUP_PERSON"
  ) AS "R"
) AS "G";

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
    "S"."TARGET_ID" AS "OLD_TARGET_ID",
    "X"."CAUSE" AS "BARRED"
  FROM "ACTIVATION_CANDIDATES" AS "C"
  LEFT JOIN "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
    ON "S"."IDENTITY" = "C"."IDENTITY"
  LEFT JOIN "ACTIVATION_BARRED" AS "X"
    ON "X"."IDENTITY" = "C"."IDENTITY"
  WHERE
    (
      NOT EXISTS(
        SELECT
          1
        FROM "ACTIVATION_DUPLICATES" AS "U"
        WHERE
          "U"."IDENTITY" = "C"."IDENTITY"
      )
      OR NOT "X"."CAUSE" IS NULL
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
        WHEN (
          NOT "IS_WANTED"
          AND (
            (
              "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
            ) OR "HAS_ENTERED"
          )
        )
        AND "BARRED" = 'outranked'
        THEN 'remove'
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
        WHEN (
          NOT "IS_WANTED"
          AND (
            (
              "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
            ) OR "HAS_ENTERED"
          )
        )
        AND "BARRED" = 'outranked'
        THEN 'outranked'
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
  CASE WHEN "J"."WAITS_0" THEN 'group' ELSE CAST(NULL AS VARCHAR) END AS "WAITS_FOR"
FROM (
  SELECT
    "D".*,
    (
      NOT "D"."OP" = 'remove'
      AND COALESCE(
        (
          "D"."CAUSE" IN ('new', 'returned') AND NOT "OCCUPIED"."PERSON" IS NULL
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
    SELECT DISTINCT
      "PERSON"
    FROM (
      SELECT
        CASE
          WHEN "S"."IDENTITY" = ''
          OR CHARINDEX(LEFT("S"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
          OR CHARINDEX(RIGHT("S"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
          THEN CASE
            WHEN "S"."IDENTITY" LIKE '%@%'
            THEN LOWER(
              NULLIF(TRIM("S"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
            )
            ELSE NULLIF(TRIM("S"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
          END
          WHEN "S"."IDENTITY" LIKE '%@%'
          THEN LOWER("S"."IDENTITY")
          ELSE "S"."IDENTITY"
        END AS "PERSON"
      FROM "SHOP_ACTIVATION"."SNAPSHOT_OTHERS__MAILER" AS "S"
      WHERE
        (
          "S"."IS_MEMBER" OR NOT "S"."UNCONFIRMED" IS NULL
        )
      UNION
      SELECT
        CASE
          WHEN "S"."IDENTITY" = ''
          OR CHARINDEX(LEFT("S"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
          OR CHARINDEX(RIGHT("S"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
          THEN CASE
            WHEN "S"."IDENTITY" LIKE '%@%'
            THEN LOWER(
              NULLIF(TRIM("S"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
            )
            ELSE NULLIF(TRIM("S"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
          END
          WHEN "S"."IDENTITY" LIKE '%@%'
          THEN LOWER("S"."IDENTITY")
          ELSE "S"."IDENTITY"
        END AS "PERSON"
      FROM "SHOP_ACTIVATION"."PLAN_OTHERS__MAILER" AS "S"
      WHERE
        "S"."OP" = 'add'
    ) AS "I"
  ) AS "OCCUPIED"
    ON "OCCUPIED"."PERSON" = CASE
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
) AS "J";
