SELECT
  COUNT(*),
  SUM("fingerprint"),
  SUM(CASE WHEN NOT "fingerprint" IS NULL THEN HASH("fingerprint") ELSE NULL END),
  COALESCE(SUM(CASE WHEN "detail" = 'unidentified' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "detail" = 'address-missing' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "detail" = 'outranked' THEN 1 ELSE 0 END), 0)
FROM (
  SELECT
    "r".*,
    CASE
      WHEN "r"."detail" = 'unidentified'
      THEN 'invalid'
      WHEN "r"."detail" = 'address-missing'
      THEN 'invalid'
      WHEN "r"."detail" = 'outranked'
      THEN 'outranked'
      ELSE CAST(NULL AS TEXT)
    END AS "fate",
    CASE
      WHEN NOT "r"."detail" IS NULL
      THEN NULL
      ELSE HASH(
        CAST('3;duckdb 1;a97afcf01995f969249285b6639814c9' AS TEXT),
        "r"."identity",
        "r"."external_key"
      )
    END AS "fingerprint"
  FROM (
    SELECT
      "r".*,
      CASE
        WHEN "r"."identity" IS NULL
        THEN 'unidentified'
        WHEN "r"."external_key" IS NULL
        THEN 'address-missing'
        WHEN NOT "outranking"."person" IS NULL
        THEN 'outranked'
        ELSE CAST(NULL AS TEXT)
      END AS "detail"
    FROM (
      SELECT
        CASE
          WHEN CAST("m"."id" AS TEXT) = ''
          OR CAST("m"."id" AS TEXT) LIKE ' %'
          OR CAST("m"."id" AS TEXT) LIKE '% '
          THEN NULLIF(TRIM(CAST("m"."id" AS TEXT)), '')
          ELSE CAST("m"."id" AS TEXT)
        END AS "identity",
        TRANSLATE(
          TRIM(
            CASE
              WHEN CAST("m"."email" AS TEXT) = ''
              OR CAST("m"."email" AS TEXT) LIKE ' %'
              OR CAST("m"."email" AS TEXT) LIKE '% '
              THEN NULLIF(TRIM(CAST("m"."email" AS TEXT)), '')
              ELSE CAST("m"."email" AS TEXT)
            END,
            '	
                  　'
          ),
          'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
          'abcdefghijklmnopqrstuvwxyz'
        ) AS "external_key",
        CASE
          WHEN CAST("m"."email" AS TEXT) = ''
          OR CAST("m"."email" AS TEXT) LIKE ' %'
          OR CAST("m"."email" AS TEXT) LIKE '% '
          THEN NULLIF(TRIM(CAST("m"."email" AS TEXT)), '')
          ELSE CAST("m"."email" AS TEXT)
        END AS "external_id",
        CAST(NULL AS TEXT) AS "related_id",
        CAST(NULL AS TEXT) AS "reason",
        CAST(NULL AS TEXT) AS "event",
        CAST(NULL AS TIMESTAMP) AS "occurred_at",
        CASE
          WHEN CAST("m"."id" AS TEXT) = ''
          OR STRPOS('	
                  　﻿', LEFT(CAST("m"."id" AS TEXT), 1)) > 0
          OR STRPOS('	
                  　﻿', RIGHT(CAST("m"."id" AS TEXT), 1)) > 0
          THEN CASE
            WHEN CAST("m"."id" AS TEXT) LIKE '%@%'
            THEN LOWER(
              NULLIF(TRIM(CAST("m"."id" AS TEXT), '	
                  　﻿'), '')
            )
            ELSE NULLIF(TRIM(CAST("m"."id" AS TEXT), '	
                  　﻿'), '')
          END
          WHEN CAST("m"."id" AS TEXT) LIKE '%@%'
          THEN LOWER(CAST("m"."id" AS TEXT))
          ELSE CAST("m"."id" AS TEXT)
        END AS "group_person"
      FROM "shop"."people" AS "m"
    ) AS "r"
    LEFT JOIN (
      SELECT
        "person",
        MIN("priority") AS "priority"
      FROM (
        SELECT
          "p"."person",
          1 AS "priority"
        FROM (
          SELECT
            CASE
              WHEN "d"."identity" = ''
              OR STRPOS('	
                  　﻿', LEFT("d"."identity", 1)) > 0
              OR STRPOS('	
                  　﻿', RIGHT("d"."identity", 1)) > 0
              THEN CASE
                WHEN "d"."identity" LIKE '%@%'
                THEN LOWER(NULLIF(TRIM("d"."identity", '	
                  　﻿'), ''))
                ELSE NULLIF(TRIM("d"."identity", '	
                  　﻿'), '')
              END
              WHEN "d"."identity" LIKE '%@%'
              THEN LOWER("d"."identity")
              ELSE "d"."identity"
            END AS "person"
          FROM (
            SELECT
              "g"."identity",
              'add' AS "op",
              'new' AS "cause"
            FROM (
              SELECT
                "r"."identity",
                COALESCE((
                  "r"."identity" IS NULL OR "r"."external_key" IS NULL
                ), FALSE) AS "is_held",
                COUNT("r"."identity") OVER (PARTITION BY "r"."identity") AS "by_identity",
                COUNT("r"."external_key") OVER (PARTITION BY "r"."external_key") AS "by_external_key"
              FROM (
                SELECT
                  CASE
                    WHEN CAST("m"."id" AS TEXT) = ''
                    OR CAST("m"."id" AS TEXT) LIKE ' %'
                    OR CAST("m"."id" AS TEXT) LIKE '% '
                    THEN NULLIF(TRIM(CAST("m"."id" AS TEXT)), '')
                    ELSE CAST("m"."id" AS TEXT)
                  END AS "identity",
                  TRANSLATE(
                    TRIM(
                      CASE
                        WHEN CAST("m"."email" AS TEXT) = ''
                        OR CAST("m"."email" AS TEXT) LIKE ' %'
                        OR CAST("m"."email" AS TEXT) LIKE '% '
                        THEN NULLIF(TRIM(CAST("m"."email" AS TEXT)), '')
                        ELSE CAST("m"."email" AS TEXT)
                      END,
                      '	
                  　'
                    ),
                    'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
                    'abcdefghijklmnopqrstuvwxyz'
                  ) AS "external_key",
                  CASE
                    WHEN CAST("m"."email" AS TEXT) = ''
                    OR CAST("m"."email" AS TEXT) LIKE ' %'
                    OR CAST("m"."email" AS TEXT) LIKE '% '
                    THEN NULLIF(TRIM(CAST("m"."email" AS TEXT)), '')
                    ELSE CAST("m"."email" AS TEXT)
                  END AS "external_id",
                  CAST(NULL AS TEXT) AS "related_id",
                  CAST(NULL AS TEXT) AS "reason",
                  CAST(NULL AS TEXT) AS "event",
                  CAST(NULL AS TIMESTAMP) AS "occurred_at"
                FROM "shop"."others" AS "m"
              ) AS "r"
              WHERE
                NOT "r"."identity" IS NULL
            ) AS "g"
            WHERE
              NOT "g"."is_held" AND "g"."by_identity" = 1 AND "g"."by_external_key" = 1
          ) AS "d"
          LEFT JOIN (
            SELECT DISTINCT
              CASE
                WHEN "identity" = ''
                OR STRPOS('	
                  　﻿', LEFT("identity", 1)) > 0
                OR STRPOS('	
                  　﻿', RIGHT("identity", 1)) > 0
                THEN CASE
                  WHEN "identity" LIKE '%@%'
                  THEN LOWER(NULLIF(TRIM("identity", '	
                  　﻿'), ''))
                  ELSE NULLIF(TRIM("identity", '	
                  　﻿'), '')
                END
                WHEN "identity" LIKE '%@%'
                THEN LOWER("identity")
                ELSE "identity"
              END AS "person"
            FROM (
              SELECT DISTINCT
                "identity"
              FROM (
                SELECT
                  "identity"
                FROM "shop_activation"."snapshot_others__mailer"
                WHERE
                  (
                    (
                      "is_member" AND NOT COALESCE("unconfirmed" = 'remove', FALSE)
                    )
                    OR "unconfirmed" = 'add'
                  )
                UNION
                SELECT
                  "identity"
                FROM "shop_activation"."entries"
                WHERE
                  "sync" IN ('others__mailer') AND "is_reserved"
              ) AS "i"
            ) AS "r"
          ) AS "seat"
            ON "seat"."person" = CASE
              WHEN "d"."identity" = ''
              OR STRPOS('	
                  　﻿', LEFT("d"."identity", 1)) > 0
              OR STRPOS('	
                  　﻿', RIGHT("d"."identity", 1)) > 0
              THEN CASE
                WHEN "d"."identity" LIKE '%@%'
                THEN LOWER(NULLIF(TRIM("d"."identity", '	
                  　﻿'), ''))
                ELSE NULLIF(TRIM("d"."identity", '	
                  　﻿'), '')
              END
              WHEN "d"."identity" LIKE '%@%'
              THEN LOWER("d"."identity")
              ELSE "d"."identity"
            END
          WHERE
            (
              NOT (
                COALESCE((
                  "d"."cause" IN ('new', 'returned') AND 0 >= 2
                ), FALSE)
              )
              OR NOT "seat"."person" IS NULL
            )
        ) AS "p"
      ) AS "h"
      GROUP BY
        "person"
    ) AS "outranking"
      ON "outranking"."person" = "r"."group_person"
  ) AS "r"
) AS "g";

CREATE TEMPORARY TABLE "activation_judged" AS
WITH "joined" AS (
  SELECT
    "c"."identity" AS "identity",
    "c"."is_wanted" AS "is_wanted",
    "c"."is_known" AS "is_known",
    "c"."external_id" AS "external_id",
    "c"."external_key" AS "external_key",
    "c"."related_id" AS "related_id",
    "c"."reason" AS "reason",
    "c"."event" AS "event",
    "c"."occurred_at" AS "occurred_at",
    "c"."fingerprint" AS "fingerprint",
    COALESCE("s"."entries", 0) AS "entries",
    COALESCE("s"."is_member", FALSE) AS "is_member",
    COALESCE(COALESCE("s"."has_entered", "s"."is_member"), FALSE) AS "has_entered",
    "s"."unconfirmed" AS "unconfirmed",
    "s"."origin_epoch" AS "origin_epoch",
    "s"."to_repeat" AS "to_repeat",
    "s"."external_id" AS "old_external_id",
    COALESCE(
      "s"."external_key",
      TRANSLATE(
        TRIM(
          COALESCE("s"."external_id", "s"."identity"),
          '	
                  　'
        ),
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
        'abcdefghijklmnopqrstuvwxyz'
      )
    ) AS "old_external_key",
    "s"."related_id" AS "old_related_id",
    "s"."target_id" AS "old_target_id",
    "x"."cause" AS "barred"
  FROM "activation_candidates" AS "c"
  LEFT JOIN "shop_activation"."snapshot_people__mailer" AS "s"
    ON "s"."rowid" = "c"."held_row"
  LEFT JOIN "activation_barred" AS "x"
    ON "x"."identity" = "c"."identity"
  WHERE
    (
      NOT EXISTS(
        SELECT
          1
        FROM "activation_duplicates" AS "u"
        WHERE
          "u"."identity" = "c"."identity"
      )
      OR NOT "x"."cause" IS NULL
    )
), "decided" AS (
  SELECT
    "op" AS "op",
    "cause" AS "cause",
    "identity" AS "identity",
    CASE WHEN NOT "is_wanted" THEN "old_external_id" ELSE "external_id" END AS "external_id",
    CASE WHEN NOT "is_wanted" THEN "old_external_key" ELSE "external_key" END AS "external_key",
    CASE WHEN NOT "is_wanted" THEN "old_related_id" ELSE "related_id" END AS "related_id",
    COALESCE(CASE WHEN NOT "is_wanted" THEN "old_target_id" ELSE 1 END, 1) AS "target_id",
    "reason" AS "reason",
    CASE
      WHEN NOT "is_wanted"
      THEN CASE
        WHEN (
          "has_entered" OR "unconfirmed" = 'remove'
        )
        THEN "entries"
        ELSE "entries" + 1
      END
      WHEN "op" = 'add' AND NOT "has_entered"
      THEN "entries" + 1
      WHEN "entries" = 0
      THEN 1
      ELSE "entries"
    END AS "transition",
    CASE
      WHEN (
        "has_entered" OR "unconfirmed" = 'remove'
      )
      THEN "entries"
      ELSE "entries" + 1
    END AS "leaving_transition",
    "old_external_id" AS "old_external_id",
    "old_external_key" AS "old_external_key",
    "old_target_id" AS "old_target_id",
    CASE WHEN NOT "unconfirmed" IS NULL THEN COALESCE("origin_epoch", 7) ELSE 7 END AS "origin_epoch",
    "to_repeat" AS "to_repeat",
    CASE WHEN NOT "is_wanted" THEN NULL ELSE "fingerprint" END AS "fingerprint",
    "event" AS "event",
    "occurred_at" AS "occurred_at",
    TRUE AS "is_quiet",
    '' AS "changed",
    '' AS "leaving_changed",
    CAST(NULL AS TIMESTAMP) AS "expires_from",
    CAST(NULL AS TEXT) AS "zone",
    "unconfirmed" AS "unconfirmed",
    (
      "is_member" OR NOT "unconfirmed" IS NULL
    ) AS "is_held"
  FROM (
    SELECT
      *,
      CASE
        WHEN (
          NOT "is_wanted"
          AND (
            (
              "is_member" OR NOT "unconfirmed" IS NULL
            ) OR "has_entered"
          )
        )
        AND "barred" = 'outranked'
        THEN 'remove'
        WHEN NOT "is_wanted"
        AND (
          (
            "is_member" OR NOT "unconfirmed" IS NULL
          ) OR "has_entered"
        )
        THEN 'remove'
        WHEN NOT "is_wanted"
        THEN 'same'
        WHEN NOT (
          "is_member" OR NOT "unconfirmed" IS NULL
        ) AND "has_entered"
        THEN 'add'
        WHEN NOT (
          "is_member" OR NOT "unconfirmed" IS NULL
        ) AND "entries" > 0
        THEN 'add'
        WHEN NOT (
          "is_member" OR NOT "unconfirmed" IS NULL
        )
        THEN 'add'
        WHEN (
          "external_key" IS DISTINCT FROM "old_external_key"
        )
        THEN 'add'
        WHEN "unconfirmed" = 'remove'
        THEN 'add'
        WHEN "unconfirmed" = 'add'
        THEN 'add'
        WHEN "unconfirmed" = 'change'
        THEN 'change'
        WHEN FALSE
        THEN 'change'
        WHEN FALSE
        THEN 'change'
        ELSE 'same'
      END AS "op",
      CASE
        WHEN (
          NOT "is_wanted"
          AND (
            (
              "is_member" OR NOT "unconfirmed" IS NULL
            ) OR "has_entered"
          )
        )
        AND "barred" = 'outranked'
        THEN 'outranked'
        WHEN NOT "is_wanted"
        AND (
          (
            "is_member" OR NOT "unconfirmed" IS NULL
          ) OR "has_entered"
        )
        THEN 'left'
        WHEN NOT "is_wanted"
        THEN 'same'
        WHEN NOT (
          "is_member" OR NOT "unconfirmed" IS NULL
        ) AND "has_entered"
        THEN 'moved'
        WHEN NOT (
          "is_member" OR NOT "unconfirmed" IS NULL
        ) AND "entries" > 0
        THEN 'returned'
        WHEN NOT (
          "is_member" OR NOT "unconfirmed" IS NULL
        )
        THEN 'new'
        WHEN (
          "external_key" IS DISTINCT FROM "old_external_key"
        )
        THEN 'moved'
        WHEN "unconfirmed" = 'remove'
        THEN 'returned'
        WHEN "unconfirmed" = 'add'
        THEN 'in doubt'
        WHEN "unconfirmed" = 'change'
        THEN 'in doubt'
        WHEN FALSE
        THEN 'asserted'
        WHEN FALSE
        THEN 'changed'
        ELSE 'same'
      END AS "cause"
    FROM "joined"
  ) AS "j"
)
SELECT
  "j".*,
  CASE WHEN "j"."waits_0" THEN 'group' ELSE CAST(NULL AS TEXT) END AS "waits_for"
FROM (
  SELECT
    "d".*,
    (
      NOT "d"."op" = 'remove'
      AND COALESCE(
        (
          "d"."cause" IN ('new', 'returned') AND NOT "occupied"."person" IS NULL
        ),
        FALSE
      )
    ) AS "waits_0"
  FROM (
    SELECT
      *
    FROM "decided"
    WHERE
      "op" <> 'same'
  ) AS "d"
  LEFT JOIN (
    SELECT DISTINCT
      "person"
    FROM (
      SELECT
        CASE
          WHEN "s"."identity" = ''
          OR STRPOS('	
                  　﻿', LEFT("s"."identity", 1)) > 0
          OR STRPOS('	
                  　﻿', RIGHT("s"."identity", 1)) > 0
          THEN CASE
            WHEN "s"."identity" LIKE '%@%'
            THEN LOWER(NULLIF(TRIM("s"."identity", '	
                  　﻿'), ''))
            ELSE NULLIF(TRIM("s"."identity", '	
                  　﻿'), '')
          END
          WHEN "s"."identity" LIKE '%@%'
          THEN LOWER("s"."identity")
          ELSE "s"."identity"
        END AS "person"
      FROM "shop_activation"."snapshot_others__mailer" AS "s"
      WHERE
        (
          "s"."is_member" OR NOT "s"."unconfirmed" IS NULL
        )
      UNION
      SELECT
        CASE
          WHEN "s"."identity" = ''
          OR STRPOS('	
                  　﻿', LEFT("s"."identity", 1)) > 0
          OR STRPOS('	
                  　﻿', RIGHT("s"."identity", 1)) > 0
          THEN CASE
            WHEN "s"."identity" LIKE '%@%'
            THEN LOWER(NULLIF(TRIM("s"."identity", '	
                  　﻿'), ''))
            ELSE NULLIF(TRIM("s"."identity", '	
                  　﻿'), '')
          END
          WHEN "s"."identity" LIKE '%@%'
          THEN LOWER("s"."identity")
          ELSE "s"."identity"
        END AS "person"
      FROM "shop_activation"."plan_others__mailer" AS "s"
      WHERE
        "s"."op" = 'add'
    ) AS "i"
  ) AS "occupied"
    ON "occupied"."person" = CASE
      WHEN "d"."identity" = ''
      OR STRPOS('	
                  　﻿', LEFT("d"."identity", 1)) > 0
      OR STRPOS('	
                  　﻿', RIGHT("d"."identity", 1)) > 0
      THEN CASE
        WHEN "d"."identity" LIKE '%@%'
        THEN LOWER(NULLIF(TRIM("d"."identity", '	
                  　﻿'), ''))
        ELSE NULLIF(TRIM("d"."identity", '	
                  　﻿'), '')
      END
      WHEN "d"."identity" LIKE '%@%'
      THEN LOWER("d"."identity")
      ELSE "d"."identity"
    END
) AS "j";
