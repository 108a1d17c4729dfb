CREATE TABLE "shop_activation"."scratch_00000000_judged_people__mailer" AS
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
    CAST(NULL AS BIGINT) AS "fingerprint",
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
        TRIM(BOTH '	
                  　' FROM COALESCE("s"."external_id", "s"."identity")),
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
        'abcdefghijklmnopqrstuvwxyz'
      )
    ) AS "old_external_key",
    "s"."related_id" AS "old_related_id",
    "s"."target_id" AS "old_target_id"
  FROM "shop_activation"."scratch_00000000_candidates_people__mailer" AS "c"
  LEFT JOIN "shop_activation"."snapshot_people__mailer" AS "s"
    ON "s"."identity" = "c"."identity"
  WHERE
    NOT EXISTS(
      SELECT
        1
      FROM "shop_activation"."scratch_00000000_duplicates_people__mailer" AS "u"
      WHERE
        "u"."identity" = "c"."identity"
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
    CAST(NULL AS TIMESTAMP(6)) AS "expires_from",
    CAST(NULL AS VARCHAR) AS "zone",
    "unconfirmed" AS "unconfirmed",
    (
      "is_member" OR NOT "unconfirmed" IS NULL
    ) AS "is_held"
  FROM (
    SELECT
      *,
      CASE
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
  CASE
    WHEN "j"."waits_0"
    THEN 'cap'
    WHEN "j"."waits_1"
    THEN 'cadence'
    WHEN "j"."waits_2"
    THEN 'limit'
    ELSE CAST(NULL AS VARCHAR)
  END AS "waits_for"
FROM (
  SELECT
    "d".*,
    (
      NOT "d"."op" = 'remove'
      AND COALESCE(
        (
          "d"."cause" IN ('new', 'returned')
          AND ROW_NUMBER() OVER (
            PARTITION BY (
              "d"."cause" IN ('new', 'returned') AND NOT (
                "d"."waits_0" OR "d"."waits_1"
              )
            )
            ORDER BY "d"."identity"
          ) > 3
        ),
        FALSE
      )
    ) AS "waits_2"
  FROM (
    SELECT
      "d".*,
      (
        NOT "d"."op" = 'remove'
        AND COALESCE(
          (
            "d"."cause" IN ('new', 'returned')
            AND (
              COALESCE("paced_1"."entered", 0) + (
                CASE
                  WHEN "kept_1"."since" < CAST('2026-11-20 00:00:00.000001' AS TIMESTAMP(6))
                  THEN 0
                  ELSE COALESCE("higher_1"."models", 0)
                END
              ) + ROW_NUMBER() OVER (
                PARTITION BY CASE
                  WHEN "d"."identity" = ''
                  OR STRPOS('	
                  　﻿', SUBSTR("d"."identity", 1, 1)) > 0
                  OR STRPOS(
                    '	
                  　﻿',
                    SUBSTR("d"."identity", LENGTH("d"."identity") - (
                      1 - 1
                    ))
                  ) > 0
                  THEN CASE
                    WHEN "d"."identity" LIKE '%@%'
                    THEN LOWER(
                      NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
                    )
                    ELSE NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
                  END
                  WHEN "d"."identity" LIKE '%@%'
                  THEN LOWER("d"."identity")
                  ELSE "d"."identity"
                END, (
                  "d"."cause" IN ('new', 'returned') AND NOT (
                    "d"."waits_0"
                  )
                )
                ORDER BY "d"."occurred_at", "d"."identity"
              ) - 1
            ) >= 2
          ),
          FALSE
        )
      ) AS "waits_1"
    FROM (
      SELECT
        "d".*,
        (
          NOT "d"."op" = 'remove'
          AND COALESCE(
            (
              "d"."cause" IN ('new', 'returned')
              AND COALESCE("capped"."entered", 0) + ROW_NUMBER() OVER (
                PARTITION BY CASE
                  WHEN "d"."identity" = ''
                  OR STRPOS('	
                  　﻿', SUBSTR("d"."identity", 1, 1)) > 0
                  OR STRPOS(
                    '	
                  　﻿',
                    SUBSTR("d"."identity", LENGTH("d"."identity") - (
                      1 - 1
                    ))
                  ) > 0
                  THEN CASE
                    WHEN "d"."identity" LIKE '%@%'
                    THEN LOWER(
                      NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
                    )
                    ELSE NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
                  END
                  WHEN "d"."identity" LIKE '%@%'
                  THEN LOWER("d"."identity")
                  ELSE "d"."identity"
                END, (
                  "d"."cause" IN ('new', 'returned') AND NOT (
                    FALSE
                  )
                )
                ORDER BY "d"."occurred_at", "d"."identity"
              ) - 1 >= 2
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
        SELECT
          "n"."person",
          COUNT(*) AS "entered"
        FROM (
          SELECT
            CASE
              WHEN "person" = ''
              OR STRPOS('	
                  　﻿', SUBSTR("person", 1, 1)) > 0
              OR STRPOS(
                '	
                  　﻿',
                SUBSTR("person", LENGTH("person") - (
                  1 - 1
                ))
              ) > 0
              THEN CASE
                WHEN "person" LIKE '%@%'
                THEN LOWER(NULLIF(TRIM('	
                  　﻿' FROM "person"), ''))
                ELSE NULLIF(TRIM('	
                  　﻿' FROM "person"), '')
              END
              WHEN "person" LIKE '%@%'
              THEN LOWER("person")
              ELSE "person"
            END AS "person",
            "identity" AS "identity",
            "transition" AS "transition",
            "entered_at" AS "entered_at"
          FROM "shop_activation"."entries"
          WHERE
            "sync" = 'people__mailer' AND NOT "is_reserved" AND "forgiven_at" IS NULL
        ) AS "n"
        WHERE
          "n"."entered_at" >= CAST('2026-11-14 23:00:00.000000' AS TIMESTAMP(6))
        GROUP BY
          "n"."person"
      ) AS "capped"
        ON "capped"."person" = CASE
          WHEN "d"."identity" = ''
          OR STRPOS('	
                  　﻿', SUBSTR("d"."identity", 1, 1)) > 0
          OR STRPOS(
            '	
                  　﻿',
            SUBSTR("d"."identity", LENGTH("d"."identity") - (
              1 - 1
            ))
          ) > 0
          THEN CASE
            WHEN "d"."identity" LIKE '%@%'
            THEN LOWER(
              NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
            )
            ELSE NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
          END
          WHEN "d"."identity" LIKE '%@%'
          THEN LOWER("d"."identity")
          ELSE "d"."identity"
        END
    ) AS "d"
    LEFT JOIN (
      SELECT
        *
      FROM "shop_activation"."scratch_00000000_higher1_people__mailer" AS "activation_higher_1"
    ) AS "higher_1"
      ON "higher_1"."person" = CASE
        WHEN "d"."identity" = ''
        OR STRPOS('	
                  　﻿', SUBSTR("d"."identity", 1, 1)) > 0
        OR STRPOS(
          '	
                  　﻿',
          SUBSTR("d"."identity", LENGTH("d"."identity") - (
            1 - 1
          ))
        ) > 0
        THEN CASE
          WHEN "d"."identity" LIKE '%@%'
          THEN LOWER(
            NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
          )
          ELSE NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
        END
        WHEN "d"."identity" LIKE '%@%'
        THEN LOWER("d"."identity")
        ELSE "d"."identity"
      END
    LEFT JOIN (
      SELECT
        "person",
        SUM("n") AS "entered"
      FROM (
        SELECT
          "person",
          "model",
          MAX("n") AS "n"
        FROM (
          SELECT
            "person",
            "model",
            "sync",
            COUNT(*) AS "n"
          FROM (
            SELECT
              *
            FROM (
              SELECT
                CASE
                  WHEN "person" = ''
                  OR STRPOS('	
                  　﻿', SUBSTR("person", 1, 1)) > 0
                  OR STRPOS(
                    '	
                  　﻿',
                    SUBSTR("person", LENGTH("person") - (
                      1 - 1
                    ))
                  ) > 0
                  THEN CASE
                    WHEN "person" LIKE '%@%'
                    THEN LOWER(NULLIF(TRIM('	
                  　﻿' FROM "person"), ''))
                    ELSE NULLIF(TRIM('	
                  　﻿' FROM "person"), '')
                  END
                  WHEN "person" LIKE '%@%'
                  THEN LOWER("person")
                  ELSE "person"
                END AS "person",
                "sync" AS "sync",
                "entered_at" AS "entered_at",
                CASE
                  WHEN "sync" IN ('others__mailer')
                  THEN 'others'
                  WHEN "sync" IN ('people__mailer')
                  THEN 'people'
                  ELSE CAST(NULL AS VARCHAR)
                END AS "model"
              FROM "shop_activation"."entries"
              WHERE
                "sync" IN ('others__mailer', 'people__mailer')
                AND "forgiven_at" IS NULL
                AND NOT (
                  "sync" = 'people__mailer' AND "is_reserved"
                )
            ) AS "e"
            WHERE
              "entered_at" >= CAST('2026-11-14 23:00:00.000000' AS TIMESTAMP(6))
          ) AS "w"
          GROUP BY
            "person",
            "model",
            "sync"
        ) AS "t"
        GROUP BY
          "person",
          "model"
      ) AS "s"
      GROUP BY
        "person"
    ) AS "paced_1"
      ON "paced_1"."person" = CASE
        WHEN "d"."identity" = ''
        OR STRPOS('	
                  　﻿', SUBSTR("d"."identity", 1, 1)) > 0
        OR STRPOS(
          '	
                  　﻿',
          SUBSTR("d"."identity", LENGTH("d"."identity") - (
            1 - 1
          ))
        ) > 0
        THEN CASE
          WHEN "d"."identity" LIKE '%@%'
          THEN LOWER(
            NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
          )
          ELSE NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
        END
        WHEN "d"."identity" LIKE '%@%'
        THEN LOWER("d"."identity")
        ELSE "d"."identity"
      END
    LEFT JOIN (
      SELECT
        "identity",
        "since"
      FROM "shop_activation"."waiting"
      WHERE
        "sync" = 'people__mailer' AND "reason" = 'cadence promo'
    ) AS "kept_1"
      ON "kept_1"."identity" = "d"."identity"
  ) AS "d"
) AS "j";

CREATE TABLE "shop_activation"."scratch_00000000_planned_people__mailer" AS
SELECT
  "op",
  "cause",
  "identity",
  "external_id",
  "external_key",
  "related_id",
  "target_id",
  "reason",
  "transition",
  "origin_epoch",
  "to_repeat",
  "fingerprint",
  "event",
  "occurred_at",
  "is_quiet",
  "changed",
  "expires_from",
  "zone"
FROM "shop_activation"."scratch_00000000_judged_people__mailer" AS "activation_judged"
WHERE
  "waits_for" IS NULL
UNION ALL
SELECT
  'remove' AS "op",
  "cause" AS "cause",
  "identity" AS "identity",
  "old_external_id" AS "external_id",
  "old_external_key" AS "external_key",
  "related_id" AS "related_id",
  "old_target_id" AS "target_id",
  "reason" AS "reason",
  "leaving_transition" AS "transition",
  "origin_epoch" AS "origin_epoch",
  "to_repeat" AS "to_repeat",
  NULL AS "fingerprint",
  "event" AS "event",
  "occurred_at" AS "occurred_at",
  FALSE AS "is_quiet",
  "leaving_changed" AS "changed",
  "expires_from" AS "expires_from",
  "zone" AS "zone"
FROM "shop_activation"."scratch_00000000_judged_people__mailer" AS "activation_judged"
WHERE
  "cause" = 'moved' AND "is_held"
UNION ALL
SELECT
  'remove' AS "op",
  'left' AS "cause",
  "identity" AS "identity",
  "old_external_id" AS "external_id",
  "old_external_key" AS "external_key",
  "related_id" AS "related_id",
  COALESCE("old_target_id", 1) AS "target_id",
  "reason" AS "reason",
  "leaving_transition" AS "transition",
  "origin_epoch" AS "origin_epoch",
  "to_repeat" AS "to_repeat",
  NULL AS "fingerprint",
  "event" AS "event",
  "occurred_at" AS "occurred_at",
  FALSE AS "is_quiet",
  "leaving_changed" AS "changed",
  "expires_from" AS "expires_from",
  "zone" AS "zone"
FROM "shop_activation"."scratch_00000000_judged_people__mailer" AS "activation_judged"
WHERE
  NOT "waits_for" IS NULL AND "unconfirmed" = 'remove';

SELECT
  "waits_for",
  COUNT(*)
FROM "shop_activation"."scratch_00000000_judged_people__mailer" AS "activation_judged"
WHERE
  NOT "waits_for" IS NULL
GROUP BY
  "waits_for";

INSERT INTO "shop_activation"."entries" (
  "sync",
  "person",
  "identity",
  "transition",
  "entered_at",
  "epoch",
  "is_reserved"
)
SELECT
  'people__mailer' AS "sync",
  "n"."person" AS "person",
  "n"."identity" AS "identity",
  "n"."transition" AS "transition",
  CAST('2026-11-21 12:00:00.000000' AS TIMESTAMP(6)) AS "entered_at",
  7 AS "epoch",
  TRUE AS "is_reserved"
FROM (
  SELECT
    CASE
      WHEN "identity" = ''
      OR STRPOS('	
                  　﻿', SUBSTR("identity", 1, 1)) > 0
      OR STRPOS(
        '	
                  　﻿',
        SUBSTR("identity", LENGTH("identity") - (
          1 - 1
        ))
      ) > 0
      THEN CASE
        WHEN "identity" LIKE '%@%'
        THEN LOWER(NULLIF(TRIM('	
                  　﻿' FROM "identity"), ''))
        ELSE NULLIF(TRIM('	
                  　﻿' FROM "identity"), '')
      END
      WHEN "identity" LIKE '%@%'
      THEN LOWER("identity")
      ELSE "identity"
    END AS "person",
    "identity" AS "identity",
    "transition" AS "transition",
    "cause" = 'in doubt' AS "is_again"
  FROM "shop_activation"."scratch_00000000_judged_people__mailer" AS "activation_judged"
  WHERE
    (
      "waits_for" IS NULL AND "cause" IN ('new', 'returned', 'in doubt')
    )
    AND "op" = 'add'
) AS "n"
WHERE
  NOT EXISTS(
    SELECT
      1
    FROM "shop_activation"."entries" AS "t"
    WHERE
      "t"."sync" = 'people__mailer'
      AND "t"."identity" = "n"."identity"
      AND (
        (
          "n"."is_again" AND "t"."transition" = "n"."transition"
        ) OR "t"."epoch" = 7
      )
  );

DELETE FROM "shop_activation"."waiting"
WHERE
  (
    "sync" = 'people__mailer' AND "reason" = 'cadence promo'
  )
  AND NOT "identity" IN (
    SELECT
      "d"."identity"
    FROM "shop_activation"."scratch_00000000_judged_people__mailer" AS "d"
    LEFT JOIN (
      SELECT
        *
      FROM "shop_activation"."scratch_00000000_higher1_people__mailer" AS "activation_higher_1"
    ) AS "higher_1"
      ON "higher_1"."person" = CASE
        WHEN "d"."identity" = ''
        OR STRPOS('	
                  　﻿', SUBSTR("d"."identity", 1, 1)) > 0
        OR STRPOS(
          '	
                  　﻿',
          SUBSTR("d"."identity", LENGTH("d"."identity") - (
            1 - 1
          ))
        ) > 0
        THEN CASE
          WHEN "d"."identity" LIKE '%@%'
          THEN LOWER(
            NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
          )
          ELSE NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
        END
        WHEN "d"."identity" LIKE '%@%'
        THEN LOWER("d"."identity")
        ELSE "d"."identity"
      END
    LEFT JOIN (
      SELECT
        "person",
        SUM("n") AS "entered"
      FROM (
        SELECT
          "person",
          "model",
          MAX("n") AS "n"
        FROM (
          SELECT
            "person",
            "model",
            "sync",
            COUNT(*) AS "n"
          FROM (
            SELECT
              *
            FROM (
              SELECT
                CASE
                  WHEN "person" = ''
                  OR STRPOS('	
                  　﻿', SUBSTR("person", 1, 1)) > 0
                  OR STRPOS(
                    '	
                  　﻿',
                    SUBSTR("person", LENGTH("person") - (
                      1 - 1
                    ))
                  ) > 0
                  THEN CASE
                    WHEN "person" LIKE '%@%'
                    THEN LOWER(NULLIF(TRIM('	
                  　﻿' FROM "person"), ''))
                    ELSE NULLIF(TRIM('	
                  　﻿' FROM "person"), '')
                  END
                  WHEN "person" LIKE '%@%'
                  THEN LOWER("person")
                  ELSE "person"
                END AS "person",
                "sync" AS "sync",
                "entered_at" AS "entered_at",
                CASE
                  WHEN "sync" IN ('others__mailer')
                  THEN 'others'
                  WHEN "sync" IN ('people__mailer')
                  THEN 'people'
                  ELSE CAST(NULL AS VARCHAR)
                END AS "model"
              FROM "shop_activation"."entries"
              WHERE
                "sync" IN ('others__mailer', 'people__mailer')
                AND "forgiven_at" IS NULL
                AND NOT (
                  "sync" = 'people__mailer' AND "is_reserved"
                )
            ) AS "e"
            WHERE
              "entered_at" >= CAST('2026-11-14 23:00:00.000000' AS TIMESTAMP(6))
          ) AS "w"
          GROUP BY
            "person",
            "model",
            "sync"
        ) AS "t"
        GROUP BY
          "person",
          "model"
      ) AS "s"
      GROUP BY
        "person"
    ) AS "paced_1"
      ON "paced_1"."person" = CASE
        WHEN "d"."identity" = ''
        OR STRPOS('	
                  　﻿', SUBSTR("d"."identity", 1, 1)) > 0
        OR STRPOS(
          '	
                  　﻿',
          SUBSTR("d"."identity", LENGTH("d"."identity") - (
            1 - 1
          ))
        ) > 0
        THEN CASE
          WHEN "d"."identity" LIKE '%@%'
          THEN LOWER(
            NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
          )
          ELSE NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
        END
        WHEN "d"."identity" LIKE '%@%'
        THEN LOWER("d"."identity")
        ELSE "d"."identity"
      END
    LEFT JOIN (
      SELECT
        "identity",
        "since"
      FROM "shop_activation"."waiting"
      WHERE
        "sync" = 'people__mailer' AND "reason" = 'cadence promo'
    ) AS "kept_1"
      ON "kept_1"."identity" = "d"."identity"
    WHERE
      "d"."cause" IN ('new', 'returned')
      AND NOT (
        (
          COALESCE("paced_1"."entered", 0) + 0
        ) >= 2
      )
      AND (
        COALESCE("paced_1"."entered", 0) + COALESCE("higher_1"."models", 0)
      ) >= 2
  );

INSERT INTO "shop_activation"."waiting" (
  "sync",
  "identity",
  "reason",
  "since"
)
SELECT
  'people__mailer',
  "k"."identity",
  'cadence promo',
  CAST('2026-11-21 12:00:00.000000' AS TIMESTAMP(6))
FROM (
  SELECT
    "d"."identity"
  FROM "shop_activation"."scratch_00000000_judged_people__mailer" AS "d"
  LEFT JOIN (
    SELECT
      *
    FROM "shop_activation"."scratch_00000000_higher1_people__mailer" AS "activation_higher_1"
  ) AS "higher_1"
    ON "higher_1"."person" = CASE
      WHEN "d"."identity" = ''
      OR STRPOS('	
                  　﻿', SUBSTR("d"."identity", 1, 1)) > 0
      OR STRPOS(
        '	
                  　﻿',
        SUBSTR("d"."identity", LENGTH("d"."identity") - (
          1 - 1
        ))
      ) > 0
      THEN CASE
        WHEN "d"."identity" LIKE '%@%'
        THEN LOWER(
          NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
        )
        ELSE NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
      END
      WHEN "d"."identity" LIKE '%@%'
      THEN LOWER("d"."identity")
      ELSE "d"."identity"
    END
  LEFT JOIN (
    SELECT
      "person",
      SUM("n") AS "entered"
    FROM (
      SELECT
        "person",
        "model",
        MAX("n") AS "n"
      FROM (
        SELECT
          "person",
          "model",
          "sync",
          COUNT(*) AS "n"
        FROM (
          SELECT
            *
          FROM (
            SELECT
              CASE
                WHEN "person" = ''
                OR STRPOS('	
                  　﻿', SUBSTR("person", 1, 1)) > 0
                OR STRPOS(
                  '	
                  　﻿',
                  SUBSTR("person", LENGTH("person") - (
                    1 - 1
                  ))
                ) > 0
                THEN CASE
                  WHEN "person" LIKE '%@%'
                  THEN LOWER(NULLIF(TRIM('	
                  　﻿' FROM "person"), ''))
                  ELSE NULLIF(TRIM('	
                  　﻿' FROM "person"), '')
                END
                WHEN "person" LIKE '%@%'
                THEN LOWER("person")
                ELSE "person"
              END AS "person",
              "sync" AS "sync",
              "entered_at" AS "entered_at",
              CASE
                WHEN "sync" IN ('others__mailer')
                THEN 'others'
                WHEN "sync" IN ('people__mailer')
                THEN 'people'
                ELSE CAST(NULL AS VARCHAR)
              END AS "model"
            FROM "shop_activation"."entries"
            WHERE
              "sync" IN ('others__mailer', 'people__mailer')
              AND "forgiven_at" IS NULL
              AND NOT (
                "sync" = 'people__mailer' AND "is_reserved"
              )
          ) AS "e"
          WHERE
            "entered_at" >= CAST('2026-11-14 23:00:00.000000' AS TIMESTAMP(6))
        ) AS "w"
        GROUP BY
          "person",
          "model",
          "sync"
      ) AS "t"
      GROUP BY
        "person",
        "model"
    ) AS "s"
    GROUP BY
      "person"
  ) AS "paced_1"
    ON "paced_1"."person" = CASE
      WHEN "d"."identity" = ''
      OR STRPOS('	
                  　﻿', SUBSTR("d"."identity", 1, 1)) > 0
      OR STRPOS(
        '	
                  　﻿',
        SUBSTR("d"."identity", LENGTH("d"."identity") - (
          1 - 1
        ))
      ) > 0
      THEN CASE
        WHEN "d"."identity" LIKE '%@%'
        THEN LOWER(
          NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
        )
        ELSE NULLIF(TRIM('	
                  　﻿' FROM "d"."identity"), '')
      END
      WHEN "d"."identity" LIKE '%@%'
      THEN LOWER("d"."identity")
      ELSE "d"."identity"
    END
  LEFT JOIN (
    SELECT
      "identity",
      "since"
    FROM "shop_activation"."waiting"
    WHERE
      "sync" = 'people__mailer' AND "reason" = 'cadence promo'
  ) AS "kept_1"
    ON "kept_1"."identity" = "d"."identity"
  WHERE
    "d"."cause" IN ('new', 'returned')
    AND NOT (
      (
        COALESCE("paced_1"."entered", 0) + 0
      ) >= 2
    )
    AND (
      COALESCE("paced_1"."entered", 0) + COALESCE("higher_1"."models", 0)
    ) >= 2
) AS "k"
WHERE
  NOT "k"."identity" IN (
    SELECT
      "identity"
    FROM "shop_activation"."waiting"
    WHERE
      "sync" = 'people__mailer' AND "reason" = 'cadence promo'
  );

UPDATE "shop_activation"."snapshot_people__mailer" SET "attempted" = NULL, "attempted_op" = NULL
WHERE
  NOT "attempted_op" IS NULL
  AND "unconfirmed" IS NULL
  AND NOT "identity" IN (
    SELECT
      "identity"
    FROM "shop_activation"."scratch_00000000_judged_people__mailer" AS "activation_judged"
  );

DELETE FROM "shop_activation"."entries"
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
        "p"."epoch" = 7 AND "a"."outcome" IN ('delivered', 'unknown', 'rejected_partial')
      )
      AND "p"."op" = 'add'
  );

UPDATE "shop_activation"."entries" SET "is_reserved" = FALSE
WHERE
  "sync" = 'people__mailer' AND "epoch" = 7 AND "is_reserved";
