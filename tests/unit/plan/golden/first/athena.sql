INSERT INTO "shop_activation"."plan_people__mailer" (
  "epoch",
  "seq",
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
  "zone",
  "t_plan",
  "t_visits",
  "t_email"
)
SELECT
  7 AS "epoch",
  ROW_NUMBER() OVER (ORDER BY "identity") AS "seq",
  "op" AS "op",
  "cause" AS "cause",
  "identity" AS "identity",
  "external_id" AS "external_id",
  "external_key" AS "external_key",
  "related_id" AS "related_id",
  "target_id" AS "target_id",
  "reason" AS "reason",
  "transition" AS "transition",
  "origin_epoch" AS "origin_epoch",
  "to_repeat" AS "to_repeat",
  "fingerprint" AS "fingerprint",
  "event" AS "event",
  "occurred_at" AS "occurred_at",
  "is_quiet" AS "is_quiet",
  "changed" AS "changed",
  "expires_from" AS "expires_from",
  "zone" AS "zone",
  "t_plan" AS "t_plan",
  "t_visits" AS "t_visits",
  "t_email" AS "t_email"
FROM (
  WITH "activation_candidates" AS (
    SELECT
      "m"."identity" AS "identity",
      TRUE AS "is_wanted",
      FALSE AS "is_known",
      "m"."external_key" AS "external_key",
      "m"."external_id" AS "external_id",
      "m"."related_id" AS "related_id",
      "m"."reason" AS "reason",
      "m"."event" AS "event",
      "m"."occurred_at" AS "occurred_at",
      "m"."t_plan" AS "t_plan",
      "m"."t_visits" AS "t_visits",
      "m"."t_email" AS "t_email"
    FROM (
      SELECT
        CASE
          WHEN "g"."detail" IS DISTINCT FROM 'unidentified'
          THEN "g"."identity"
          ELSE NULL
        END AS "identity",
        "g"."detail" AS "detail",
        "g"."external_key" AS "external_key",
        "g"."external_id" AS "external_id",
        "g"."related_id" AS "related_id",
        "g"."reason" AS "reason",
        "g"."event" AS "event",
        "g"."occurred_at" AS "occurred_at",
        "g"."t_plan" AS "t_plan",
        "g"."t_visits" AS "t_visits",
        "g"."t_email" AS "t_email"
      FROM (
        SELECT
          "r".*,
          CASE
            WHEN "r"."identity" IS NULL
            THEN 'invalid'
            WHEN "r"."external_key" IS NULL
            THEN 'invalid'
            WHEN "r"."t_plan" IS NULL
            THEN 'invalid'
            ELSE CAST(NULL AS VARCHAR)
          END AS "fate",
          CASE
            WHEN "r"."identity" IS NULL
            THEN 'unidentified'
            WHEN "r"."external_key" IS NULL
            THEN 'address-missing'
            WHEN "r"."t_plan" IS NULL
            THEN 'null-refused'
            ELSE CAST(NULL AS VARCHAR)
          END AS "detail"
        FROM (
          SELECT
            CASE
              WHEN CAST("m"."id" AS VARCHAR) = ''
              OR CAST("m"."id" AS VARCHAR) LIKE ' %'
              OR CAST("m"."id" AS VARCHAR) LIKE '% '
              THEN NULLIF(TRIM(CAST("m"."id" AS VARCHAR)), '')
              ELSE CAST("m"."id" AS VARCHAR)
            END AS "identity",
            TRANSLATE(
              TRIM(BOTH '	
                  　' FROM CASE
                WHEN CAST("m"."email" AS VARCHAR) = ''
                OR CAST("m"."email" AS VARCHAR) LIKE ' %'
                OR CAST("m"."email" AS VARCHAR) LIKE '% '
                THEN NULLIF(TRIM(CAST("m"."email" AS VARCHAR)), '')
                ELSE CAST("m"."email" AS VARCHAR)
              END),
              'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
              'abcdefghijklmnopqrstuvwxyz'
            ) AS "external_key",
            CASE
              WHEN CAST("m"."email" AS VARCHAR) = ''
              OR CAST("m"."email" AS VARCHAR) LIKE ' %'
              OR CAST("m"."email" AS VARCHAR) LIKE '% '
              THEN NULLIF(TRIM(CAST("m"."email" AS VARCHAR)), '')
              ELSE CAST("m"."email" AS VARCHAR)
            END AS "external_id",
            CAST(NULL AS VARCHAR) AS "related_id",
            CAST(NULL AS VARCHAR) AS "reason",
            CAST(NULL AS VARCHAR) AS "event",
            CAST(NULL AS TIMESTAMP(6)) AS "occurred_at",
            "m"."plan" AS "t_plan",
            COALESCE("m"."visits", 0) AS "t_visits",
            "m"."email" AS "t_email"
          FROM "shop"."people" AS "m"
        ) AS "r"
      ) AS "g"
    ) AS "m"
    WHERE
      NOT "m"."identity" IS NULL AND "m"."detail" IS NULL
  ), "joined" AS (
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
      "s"."target_id" AS "old_target_id",
      "c"."t_plan" AS "t_plan",
      "c"."t_visits" AS "t_visits",
      "c"."t_email" AS "t_email",
      (
        NOT "s"."t_plan" IS NULL
        OR (
          COALESCE(STRPOS("s"."unsure", ',t_plan,'), 0) > 0
          OR COALESCE("s"."unsure" = '*', FALSE)
        )
      ) AS "h0",
      (
        "c"."t_plan" IS DISTINCT FROM "s"."t_plan"
        OR (
          COALESCE(STRPOS("s"."unsure", ',t_plan,'), 0) > 0
          OR COALESCE("s"."unsure" = '*', FALSE)
        )
      ) AS "d0",
      (
        NOT "s"."t_visits" IS NULL
        OR (
          COALESCE(STRPOS("s"."unsure", ',t_visits,'), 0) > 0
          OR COALESCE("s"."unsure" = '*', FALSE)
        )
      ) AS "h1",
      (
        "c"."t_visits" IS DISTINCT FROM "s"."t_visits"
        OR (
          COALESCE(STRPOS("s"."unsure", ',t_visits,'), 0) > 0
          OR COALESCE("s"."unsure" = '*', FALSE)
        )
      ) AS "d1",
      (
        NOT "s"."t_email" IS NULL
        OR (
          COALESCE(STRPOS("s"."unsure", ',t_email,'), 0) > 0
          OR COALESCE("s"."unsure" = '*', FALSE)
        )
      ) AS "h2",
      (
        LOWER(TO_HEX(MD5(TO_UTF8('' || CAST("c"."t_email" AS VARCHAR))))) IS DISTINCT FROM "s"."t_email"
        OR (
          COALESCE(STRPOS("s"."unsure", ',t_email,'), 0) > 0
          OR COALESCE("s"."unsure" = '*', FALSE)
        )
      ) AS "d2"
    FROM "activation_candidates" AS "c"
    CROSS JOIN (
      SELECT
        CAST(NULL AS VARCHAR) AS "identity",
        CAST(NULL AS VARCHAR) AS "external_id",
        CAST(NULL AS VARCHAR) AS "external_key",
        CAST(NULL AS VARCHAR) AS "related_id",
        CAST(NULL AS INTEGER) AS "target_id",
        CAST(NULL AS BIGINT) AS "fingerprint",
        CAST(NULL AS BIGINT) AS "attempted",
        CAST(NULL AS VARCHAR) AS "attempted_op",
        CAST(NULL AS BOOLEAN) AS "is_member",
        CAST(NULL AS BOOLEAN) AS "has_entered",
        CAST(NULL AS INTEGER) AS "entries",
        CAST(NULL AS TIMESTAMP(6)) AS "first_entered_at",
        CAST(NULL AS TIMESTAMP(6)) AS "last_entered_at",
        CAST(NULL AS TIMESTAMP(6)) AS "last_exited_at",
        CAST(NULL AS TIMESTAMP(6)) AS "acknowledged_at",
        CAST(NULL AS INTEGER) AS "definition_version",
        CAST(NULL AS VARCHAR) AS "unconfirmed",
        CAST(NULL AS VARCHAR) AS "unsure",
        CAST(NULL AS INTEGER) AS "to_repeat",
        CAST(NULL AS BIGINT) AS "origin_epoch",
        CAST(NULL AS BIGINT) AS "written_epoch",
        CAST(NULL AS VARCHAR) AS "remote_id",
        CAST(NULL AS VARCHAR) AS "t_plan",
        CAST(NULL AS INTEGER) AS "t_visits",
        CAST(NULL AS VARCHAR) AS "t_email"
    ) AS "s"
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
      CONCAT(
        CASE
          WHEN CASE
            WHEN "op" = 'remove'
            THEN "h0"
            ELSE (
              CASE
                WHEN "cause" IN ('new', 'moved')
                THEN (
                  NOT "t_plan" IS NULL
                )
                WHEN "cause" = 'changed'
                THEN (
                  "d0"
                )
                ELSE TRUE
              END
            )
          END
          THEN '1'
          ELSE '0'
        END,
        CASE
          WHEN CASE
            WHEN "op" = 'remove'
            THEN "h1"
            ELSE (
              CASE
                WHEN "cause" IN ('new', 'moved')
                THEN (
                  NOT "t_visits" IS NULL
                )
                WHEN "cause" = 'changed'
                THEN (
                  "d1"
                )
                ELSE TRUE
              END
            )
          END
          THEN '1'
          ELSE '0'
        END,
        CASE
          WHEN CASE
            WHEN "op" = 'remove'
            THEN "h2"
            ELSE (
              CASE
                WHEN "cause" IN ('new', 'moved')
                THEN (
                  NOT "t_email" IS NULL
                )
                WHEN "cause" = 'changed'
                THEN (
                  "d2"
                )
                ELSE TRUE
              END
            )
          END
          THEN '1'
          ELSE '0'
        END
      ) AS "changed",
      CONCAT(
        CASE WHEN "h0" THEN '1' ELSE '0' END,
        CASE WHEN "h1" THEN '1' ELSE '0' END,
        CASE WHEN "h2" THEN '1' ELSE '0' END
      ) AS "leaving_changed",
      "t_plan" AS "t_plan",
      "t_visits" AS "t_visits",
      "t_email" AS "t_email",
      CAST(NULL AS TIMESTAMP(6)) AS "expires_from",
      CAST(NULL AS VARCHAR) AS "zone",
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
            )
            OR "has_entered"
            OR (
              "h0" OR "h1" OR "h2"
            )
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
          WHEN "d0" OR "d1" OR "d2"
          THEN 'change'
          ELSE 'same'
        END AS "op",
        CASE
          WHEN NOT "is_wanted"
          AND (
            (
              "is_member" OR NOT "unconfirmed" IS NULL
            )
            OR "has_entered"
            OR (
              "h0" OR "h1" OR "h2"
            )
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
          WHEN "d0" OR "d1" OR "d2"
          THEN 'changed'
          ELSE 'same'
        END AS "cause"
      FROM "joined"
    ) AS "j"
  )
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
    "zone",
    "t_plan",
    "t_visits",
    "t_email"
  FROM "decided"
  WHERE
    "op" <> 'same'
) AS "p";

SELECT
  "key"
FROM (
  SELECT
    "identity" AS "key"
  FROM (
    SELECT
      "identity",
      "external_key"
    FROM (
      SELECT
        "r".*,
        CASE
          WHEN "r"."identity" IS NULL
          THEN 'invalid'
          WHEN "r"."external_key" IS NULL
          THEN 'invalid'
          WHEN "r"."t_plan" IS NULL
          THEN 'invalid'
          ELSE CAST(NULL AS VARCHAR)
        END AS "fate",
        CASE
          WHEN "r"."identity" IS NULL
          THEN 'unidentified'
          WHEN "r"."external_key" IS NULL
          THEN 'address-missing'
          WHEN "r"."t_plan" IS NULL
          THEN 'null-refused'
          ELSE CAST(NULL AS VARCHAR)
        END AS "detail"
      FROM (
        SELECT
          CASE
            WHEN CAST("m"."id" AS VARCHAR) = ''
            OR CAST("m"."id" AS VARCHAR) LIKE ' %'
            OR CAST("m"."id" AS VARCHAR) LIKE '% '
            THEN NULLIF(TRIM(CAST("m"."id" AS VARCHAR)), '')
            ELSE CAST("m"."id" AS VARCHAR)
          END AS "identity",
          TRANSLATE(
            TRIM(BOTH '	
                  　' FROM CASE
              WHEN CAST("m"."email" AS VARCHAR) = ''
              OR CAST("m"."email" AS VARCHAR) LIKE ' %'
              OR CAST("m"."email" AS VARCHAR) LIKE '% '
              THEN NULLIF(TRIM(CAST("m"."email" AS VARCHAR)), '')
              ELSE CAST("m"."email" AS VARCHAR)
            END),
            'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
            'abcdefghijklmnopqrstuvwxyz'
          ) AS "external_key",
          CASE
            WHEN CAST("m"."email" AS VARCHAR) = ''
            OR CAST("m"."email" AS VARCHAR) LIKE ' %'
            OR CAST("m"."email" AS VARCHAR) LIKE '% '
            THEN NULLIF(TRIM(CAST("m"."email" AS VARCHAR)), '')
            ELSE CAST("m"."email" AS VARCHAR)
          END AS "external_id",
          CAST(NULL AS VARCHAR) AS "related_id",
          CAST(NULL AS VARCHAR) AS "reason",
          CAST(NULL AS VARCHAR) AS "event",
          CAST(NULL AS TIMESTAMP(6)) AS "occurred_at",
          "m"."plan" AS "t_plan",
          COALESCE("m"."visits", 0) AS "t_visits",
          "m"."email" AS "t_email"
        FROM "shop"."people" AS "m"
      ) AS "r"
    ) AS "g"
    WHERE
      "detail" IS DISTINCT FROM 'unidentified'
  ) AS "r"
  GROUP BY
    "identity"
  HAVING
    COUNT("identity") > 1
  UNION ALL
  SELECT
    "external_key" AS "key"
  FROM (
    SELECT
      "identity",
      "external_key"
    FROM (
      SELECT
        "r".*,
        CASE
          WHEN "r"."identity" IS NULL
          THEN 'invalid'
          WHEN "r"."external_key" IS NULL
          THEN 'invalid'
          WHEN "r"."t_plan" IS NULL
          THEN 'invalid'
          ELSE CAST(NULL AS VARCHAR)
        END AS "fate",
        CASE
          WHEN "r"."identity" IS NULL
          THEN 'unidentified'
          WHEN "r"."external_key" IS NULL
          THEN 'address-missing'
          WHEN "r"."t_plan" IS NULL
          THEN 'null-refused'
          ELSE CAST(NULL AS VARCHAR)
        END AS "detail"
      FROM (
        SELECT
          CASE
            WHEN CAST("m"."id" AS VARCHAR) = ''
            OR CAST("m"."id" AS VARCHAR) LIKE ' %'
            OR CAST("m"."id" AS VARCHAR) LIKE '% '
            THEN NULLIF(TRIM(CAST("m"."id" AS VARCHAR)), '')
            ELSE CAST("m"."id" AS VARCHAR)
          END AS "identity",
          TRANSLATE(
            TRIM(BOTH '	
                  　' FROM CASE
              WHEN CAST("m"."email" AS VARCHAR) = ''
              OR CAST("m"."email" AS VARCHAR) LIKE ' %'
              OR CAST("m"."email" AS VARCHAR) LIKE '% '
              THEN NULLIF(TRIM(CAST("m"."email" AS VARCHAR)), '')
              ELSE CAST("m"."email" AS VARCHAR)
            END),
            'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
            'abcdefghijklmnopqrstuvwxyz'
          ) AS "external_key",
          CASE
            WHEN CAST("m"."email" AS VARCHAR) = ''
            OR CAST("m"."email" AS VARCHAR) LIKE ' %'
            OR CAST("m"."email" AS VARCHAR) LIKE '% '
            THEN NULLIF(TRIM(CAST("m"."email" AS VARCHAR)), '')
            ELSE CAST("m"."email" AS VARCHAR)
          END AS "external_id",
          CAST(NULL AS VARCHAR) AS "related_id",
          CAST(NULL AS VARCHAR) AS "reason",
          CAST(NULL AS VARCHAR) AS "event",
          CAST(NULL AS TIMESTAMP(6)) AS "occurred_at",
          "m"."plan" AS "t_plan",
          COALESCE("m"."visits", 0) AS "t_visits",
          "m"."email" AS "t_email"
        FROM "shop"."people" AS "m"
      ) AS "r"
    ) AS "g"
    WHERE
      "detail" IS DISTINCT FROM 'unidentified'
  ) AS "r"
  GROUP BY
    "external_key"
  HAVING
    COUNT("external_key") > 1
) AS "d"
LIMIT 1;
